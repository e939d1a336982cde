import { formatPosition } from '../../src/base/position.ts';
import { DEAD_LETTER_REASON } from './behaviour.ts';
import { expectedStatuses } from './expected-statuses.ts';
import { acknowledge, leaveUnknown, Ledger, type LedgerEntry } from './ledger.ts';
import { createOrderMix, type PlannedOrder } from './order-mix.ts';
import { Random } from './random.ts';
import type {
  DeadLetterCopy,
  HistoryVersion,
  ListedDeadLetter,
  ListedOrder,
  PublishedStatus,
  RetryingOrder,
} from './read-back-types.ts';

/** The ledger of a drill and what was read back afterwards; mutable, so that tests can mutate it. */
export interface Run {
  ledger: Ledger;
  isSettled: boolean;
  orders: ListedOrder[];
  histories: Map<string, HistoryVersion[]>;
  unlisted: Map<string, undefined | 'accepted'>;
  deadLetters: ListedDeadLetter[];
  retrying: RetryingOrder[];
  deadLetterCopies: DeadLetterCopy[];
  publishedStatuses: PublishedStatus[];
}

const ORDERS = 300;

/** Offsets, and milliseconds, from one order to the next: room for its transitions. */
const STEP = 10;
/** How many orders are placed before an unavailable order exhausts its retries. */
const ORDERS_UNTIL_EXHAUSTED = 50;

/** An order whose retries are exhausted, with transitions queued behind it. */
const EXHAUSTED: Pick<PlannedOrder, 'behaviour' | 'transitions'> = {
  behaviour: { kind: 'unavailable' },
  transitions: (['preparing', 'dispatched', 'delivered'] as const).map((to) => ({ to, afterMs: 0 })),
};

const POISON: Pick<PlannedOrder, 'behaviour' | 'transitions'> = {
  behaviour: { kind: 'poison' },
  transitions: [],
};

/** The first orders of every run, whatever the seed; they are acknowledged. */
const FIXED_ORDERS = [EXHAUSTED, POISON];

/** A made-up run without any fault in the result. */
export function validRun(seed: number): Run {
  const run: Run = {
    ledger: new Ledger(),
    isSettled: true,
    orders: [],
    histories: new Map(),
    unlisted: new Map(),
    deadLetters: [],
    retrying: [],
    deadLetterCopies: [],
    publishedStatuses: [],
  };
  const random = new Random(seed);
  const next = createOrderMix(seed, 'all');
  for (let count = 0; count < ORDERS; count += 1) {
    const fixed = FIXED_ORDERS[count];
    const plan = { ...next(), ...fixed };
    const entry = run.ledger.open(plan.number, plan.behaviour);
    const draw = random.integer(1, 10);
    if (fixed !== undefined || draw <= 7) {
      const position = formatPosition({ partition: 0, offset: plan.number * STEP });
      acknowledge(entry, idOf(plan.number), `/v1/orders/${idOf(plan.number)}?position=${position}`);
      const queued = fixed === EXHAUSTED ? 2 : random.integer(0, plan.transitions.length);
      requestTransitions(entry, plan, { random, queued });
    } else if (draw <= 9) {
      leaveUnknown(entry);
    }
    const isStored = entry.outcome === 'acknowledged' || (entry.outcome === 'unknown' && random.chance(50));
    if (isStored) store(run, entry, random);
  }
  for (let offset = 0; offset < 3; offset += 1) {
    const position = { partition: 1, offset };
    run.ledger.undecodable.push(position);
    addDeadLetter(run, { orderId: null, reason: 'record-undecodable', ...position });
  }
  return run;
}

export function addDeadLetter(run: Run, changes: Partial<ListedDeadLetter>): void {
  const id = run.deadLetters.length + 1;
  const position = { topic: 'orders.commands', partition: 0, offset: 100_000 + id };
  const added = { id, orderId: null, reason: '', state: 'open', ...position, ...changes };
  run.deadLetters.push(added);
  run.deadLetterCopies.push(added);
}

function idOf(number: number): string {
  return `order-${number}`;
}

/**
 * All are acknowledged, except perhaps the last.
 * @param options.queued how many precede, in the log, the moment when an unavailable order's retries are exhausted
 */
function requestTransitions(
  entry: LedgerEntry,
  { transitions, number }: PlannedOrder,
  { random, queued }: { random: Random; queued: number },
): void {
  entry.transitions = transitions.map(({ to }, index) => {
    const isUnknown = index === transitions.length - 1 && random.chance(20);
    if (isUnknown) return { to, outcome: 'unknown', position: undefined };
    const ordersBefore = number + (index < queued ? 0 : ORDERS_UNTIL_EXHAUSTED);
    const position = { partition: 0, offset: ordersBefore * STEP + 1 + index };
    return { to, outcome: 'acknowledged', position };
  });
}

function store(run: Run, entry: LedgerEntry, random: Random): void {
  const id = idOf(entry.number);
  const { certain, possible } = expectedStatuses(entry);
  const statuses = possible !== undefined && random.chance(50) ? possible : certain;
  const last = statuses.at(-1) ?? 'accepted';
  const { number, merchantId } = entry;
  run.orders.push({ id, status: last, version: statuses.length, merchantId, number });
  const delay = entry.kind === 'unavailable' ? ORDERS_UNTIL_EXHAUSTED : 0;
  const firstAt = 1_000 + (number + delay) * STEP;
  const history = statuses.map((status, index) => ({ version: index + 1, status, at: firstAt + index }));
  run.histories.set(id, history);
  run.publishedStatuses.push(...history.map(({ version, status }) => ({ orderId: id, version, status })));
  if (last !== 'failed') return;
  addDeadLetter(run, { orderId: id, reason: DEAD_LETTER_REASON[entry.kind] ?? '' });
  if (entry.kind !== 'unavailable') return;
  for (const { position } of entry.transitions) {
    if (position === undefined || position.offset > (number + delay) * STEP) continue;
    addDeadLetter(run, { orderId: id, reason: 'predecessor-failed', ...position });
  }
}
