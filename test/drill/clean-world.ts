import { expectedLife } from './expected-life.ts';
import { acknowledge, leaveUnknown, Ledger, type LedgerEntry } from './ledger.ts';
import { DEAD_LETTER_REASON } from './merchants.ts';
import { createOrderMix, type OrderPlan } from './order-mix.ts';
import { Random } from './random.ts';
import type { DeadLetterCopy, HistoryVersion, ListedDeadLetter, ListedOrder } from './read-back-types.ts';

/** A drill after which everything is as it should be, to be damaged by tests. */
export interface World {
  ledger: Ledger;
  orders: ListedOrder[];
  histories: Map<string, HistoryVersion[]>;
  unlisted: Map<string, undefined | 'accepted'>;
  deadLetters: ListedDeadLetter[];
  deadLetterCopies: DeadLetterCopy[];
}

export const WORLD_ORDERS = 300;

export function cleanWorld(seed: number): World {
  const world: World = {
    ledger: new Ledger(),
    orders: [],
    histories: new Map(),
    unlisted: new Map(),
    deadLetters: [],
    deadLetterCopies: [],
  };
  const random = new Random(seed);
  const next = createOrderMix(seed, 'all');
  for (let count = 0; count < WORLD_ORDERS; count += 1) {
    const plan = next();
    const entry = world.ledger.open(plan.number, plan.behaviour);
    const draw = random.integer(1, 10);
    if (draw <= 7) {
      acknowledge(entry, idOf(plan.number), `/v1/orders/${idOf(plan.number)}?position=0-${plan.number}`);
      takeWishes(entry, plan, random);
    } else if (draw <= 9) {
      leaveUnknown(entry);
    }
    const isStored = entry.outcome === 'acknowledged' || (entry.outcome === 'unknown' && random.chance(50));
    if (isStored) store(world, entry, random);
  }
  for (let offset = 0; offset < 3; offset += 1) {
    const place = { partition: 1, offset };
    world.ledger.undecodable.push(place);
    addLetter(world, { orderId: null, reason: 'record-undecodable', ...place });
  }
  return world;
}

export function idOf(number: number): string {
  return `order-${number}`;
}

export function addLetter(world: World, letter: Partial<ListedDeadLetter>): void {
  const id = world.deadLetters.length + 1;
  const place = { topic: 'orders.commands', partition: 0, offset: 10_000 + id };
  const added = { id, orderId: null, reason: '', state: 'open', ...place, ...letter };
  world.deadLetters.push(added);
  world.deadLetterCopies.push(added);
}

/** All are taken, but perhaps for the last. */
function takeWishes(entry: LedgerEntry, { steps }: OrderPlan, random: Random): void {
  entry.wishes = steps.map(({ to }, index) => {
    const isLost = index === steps.length - 1 && random.chance(20);
    return { to, outcome: isLost ? 'unknown' : 'acknowledged' };
  });
}

function store(world: World, entry: LedgerEntry, random: Random): void {
  const id = idOf(entry.number);
  const { certain, possible } = expectedLife(entry);
  const life = possible !== undefined && random.chance(50) ? possible : certain;
  const status = life.at(-1) ?? 'accepted';
  const { number, merchantId } = entry;
  world.orders.push({ id, status, version: life.length, merchantId, number });
  const history = life.map((reached, index) => ({ version: index + 1, status: reached, at: 1_000 + index }));
  world.histories.set(id, history);
  if (status === 'failed') addLetter(world, { orderId: id, reason: DEAD_LETTER_REASON[entry.kind] ?? '' });
}
