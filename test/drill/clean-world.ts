import { formatPosition } from '../../src/base/position.ts';
import { expectedLife } from './expected-life.ts';
import { acknowledge, leaveUnknown, Ledger, type LedgerEntry } from './ledger.ts';
import { DEAD_LETTER_REASON } from './merchants.ts';
import { createOrderMix, type OrderPlan } from './order-mix.ts';
import { Random } from './random.ts';
import type {
  DeadLetterCopy,
  HistoryVersion,
  ListedDeadLetter,
  ListedOrder,
  RetryingOrder,
  PublishedStatus,
} from './read-back-types.ts';

/** A drill after which everything is as it should be, to be damaged by tests. */
export interface World {
  ledger: Ledger;
  isSettled: boolean;
  orders: ListedOrder[];
  histories: Map<string, HistoryVersion[]>;
  unlisted: Map<string, undefined | 'accepted'>;
  deadLetters: ListedDeadLetter[];
  parked: RetryingOrder[];
  deadLetterCopies: DeadLetterCopy[];
  publishedStatuses: PublishedStatus[];
}

export const WORLD_ORDERS = 300;

/** Of the log, and in milliseconds: between two orders there is room for what else the log holds. */
const STEP = 10;
/** Orders that were placed before an order that never succeeds was given up. */
const ORDERS_BEFORE_GIVING_UP = 50;

/** Every world has an order that fails for good with transitions behind it. */
const FOLLOWED: Pick<OrderPlan, 'behaviour' | 'steps'> = {
  behaviour: { kind: 'hopeless' },
  steps: (['preparing', 'dispatched', 'delivered'] as const).map((to) => ({ to, afterMs: 0 })),
};

/** And one that the processor refuses, which no seed may leave out. */
const POISONED: Pick<OrderPlan, 'behaviour' | 'steps'> = { behaviour: { kind: 'poison' }, steps: [] };

/** The first orders of every world; they are acknowledged. */
const CERTAIN = [FOLLOWED, POISONED];

export function cleanWorld(seed: number): World {
  const world: World = {
    ledger: new Ledger(),
    isSettled: true,
    orders: [],
    histories: new Map(),
    unlisted: new Map(),
    deadLetters: [],
    parked: [],
    deadLetterCopies: [],
    publishedStatuses: [],
  };
  const random = new Random(seed);
  const next = createOrderMix(seed, 'all');
  for (let count = 0; count < WORLD_ORDERS; count += 1) {
    const certain = CERTAIN[count];
    const plan = { ...next(), ...certain };
    const entry = world.ledger.open(plan.number, plan.behaviour);
    const draw = random.integer(1, 10);
    if (certain !== undefined || draw <= 7) {
      const position = formatPosition({ partition: 0, offset: plan.number * STEP });
      acknowledge(entry, idOf(plan.number), `/v1/orders/${idOf(plan.number)}?position=${position}`);
      const waiting = certain === FOLLOWED ? 2 : random.integer(0, plan.steps.length);
      takeWishes(entry, plan, { random, waiting });
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
  const place = { topic: 'orders.commands', partition: 0, offset: 100_000 + id };
  const added = { id, orderId: null, reason: '', state: 'open', ...place, ...letter };
  world.deadLetters.push(added);
  world.deadLetterCopies.push(added);
}

/**
 * All are taken, but perhaps for the last.
 * @param waiting so many stand in the log before an order that never succeeds is given up
 */
function takeWishes(
  entry: LedgerEntry,
  { steps, number }: OrderPlan,
  { random, waiting }: { random: Random; waiting: number },
): void {
  entry.wishes = steps.map(({ to }, index) => {
    const isLost = index === steps.length - 1 && random.chance(20);
    if (isLost) return { to, outcome: 'unknown', position: undefined };
    const place = number + (index < waiting ? 0 : ORDERS_BEFORE_GIVING_UP);
    const position = { partition: 0, offset: place * STEP + 1 + index };
    return { to, outcome: 'acknowledged', position };
  });
}

function store(world: World, entry: LedgerEntry, random: Random): void {
  const id = idOf(entry.number);
  const { certain, possible } = expectedLife(entry);
  const life = possible !== undefined && random.chance(50) ? possible : certain;
  const status = life.at(-1) ?? 'accepted';
  const { number, merchantId } = entry;
  world.orders.push({ id, status, version: life.length, merchantId, number });
  const waited = entry.kind === 'hopeless' ? ORDERS_BEFORE_GIVING_UP : 0;
  const firstAt = 1_000 + (number + waited) * STEP;
  const history = life.map((reached, index) => ({
    version: index + 1,
    status: reached,
    at: firstAt + index,
  }));
  world.histories.set(id, history);
  world.publishedStatuses.push(...history.map(({ version, status }) => ({ orderId: id, version, status })));
  if (status !== 'failed') return;
  addLetter(world, { orderId: id, reason: DEAD_LETTER_REASON[entry.kind] ?? '' });
  if (entry.kind !== 'hopeless') return;
  for (const { position } of entry.wishes) {
    if (position === undefined || position.offset > (number + waited) * STEP) continue;
    addLetter(world, { orderId: id, reason: 'predecessor-failed', ...position });
  }
}
