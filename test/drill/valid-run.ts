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
import { isLost, lostSpan, STEP, timeOf } from './valid-times.ts';
import { watchRun } from './valid-watch.ts';
import type { WatchLog } from './watch-log.ts';

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
  watchLogs: WatchLog[];
  deaths: number;
}

const ORDERS = 300;

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

const KILLER: Pick<PlannedOrder, 'behaviour' | 'transitions'> = {
  behaviour: { kind: 'killer' },
  transitions: [],
};

/** The first orders of every run, whatever the seed; they are acknowledged. */
const FIXED_ORDERS = [EXHAUSTED, POISON, KILLER];

/** A made-up run without any fault in the result. Within it, a backup was restored. */
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
    watchLogs: [],
    deaths: 5,
  };
  run.ledger.lostSpans.push(lostSpan());
  const random = new Random(seed);
  const next = createOrderMix(seed, 'all');
  for (let count = 0; count < ORDERS; count += 1) {
    const fixed = FIXED_ORDERS[count];
    const plan = { ...next(), ...fixed };
    const entry = run.ledger.open(plan.number, plan.behaviour);
    const draw = random.integer(1, 10);
    if (fixed !== undefined || draw <= 7) {
      const offset = plan.number * STEP;
      const location = `/v1/orders/${idOf(plan.number)}?position=${formatPosition({ partition: 0, offset })}`;
      acknowledge(entry, idOf(plan.number), location, timeOf(offset));
      const queued = fixed === EXHAUSTED ? 2 : random.integer(0, plan.transitions.length);
      requestTransitions(entry, plan, { random, queued });
    } else if (draw <= 9) {
      leaveUnknown(entry);
    }
    const isStored = entry.outcome === 'acknowledged' || (entry.outcome === 'unknown' && random.chance(50));
    if (!isStored) continue;
    if (isLost(plan.number) && random.chance(70)) run.unlisted.set(idOf(plan.number), undefined);
    else store(run, entry, random);
  }
  for (let offset = 0; offset < 3; offset += 1) {
    const position = { partition: 1, offset };
    run.ledger.undecodable.push(position);
    addDeadLetter(run, { orderId: null, reason: 'record-undecodable', ...position });
  }
  watchRun(run);
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
    if (isUnknown) return { to, outcome: 'unknown', acknowledgement: undefined };
    const ordersBefore = number + (index < queued ? 0 : ORDERS_UNTIL_EXHAUSTED);
    const position = { partition: 0, offset: ordersBefore * STEP + 1 + index };
    return { to, outcome: 'acknowledged', acknowledgement: { position, at: timeOf(position.offset) } };
  });
}

function store(run: Run, entry: LedgerEntry, random: Random): void {
  const id = idOf(entry.number);
  const { certain, possible } = expectedStatuses(entry, run.ledger.lostSpans);
  const statuses = random.pick([certain, ...possible]);
  const last = statuses.at(-1) ?? 'accepted';
  const { number, merchantId } = entry;
  run.orders.push({ id, status: last, version: statuses.length, merchantId, number });
  const delay = entry.kind === 'unavailable' ? ORDERS_UNTIL_EXHAUSTED : 0;
  const failedAfter = (number + delay) * STEP;
  const history = statuses.map((status, index) => {
    return { version: index + 1, status, at: timeOf(failedAfter) + index };
  });
  run.histories.set(id, history);
  run.publishedStatuses.push(
    ...history.map(({ version, status }) => ({ partition: 0, orderId: id, version, status })),
  );
  if (last !== 'failed') return;
  addDeadLetter(run, { orderId: id, reason: DEAD_LETTER_REASON[entry.kind] ?? '' });
  if (entry.kind !== 'unavailable') return;
  for (const { acknowledgement } of entry.transitions) {
    const position = acknowledgement?.position;
    if (position === undefined || position.offset > failedAfter) continue;
    addDeadLetter(run, { orderId: id, reason: 'predecessor-failed', ...position });
  }
}
