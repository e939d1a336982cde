import type { Clock } from '../base/clock.ts';
import { ServiceError } from '../base/errors.ts';
import { TOPICS, type EventLog, type OutgoingRecord } from '../log/event-log.ts';
import { REPLAY_HEADERS } from '../store/dead-letter.ts';
import type { DeadLetterStore, DeadLetterWithPayload } from '../store/dead-letter-store.ts';
import type { OrderReader } from '../store/order-store.ts';
import { withDetail, type BulkTally, type RefusedDeadLetter } from './bulk-action.ts';
import { appendToPartition } from './order-partition.ts';

interface ReplayDependencies {
  store: DeadLetterStore;
  log: EventLog;
  reader: Pick<OrderReader, 'placingPartition'>;
  clock: Clock;
  /** the operator, for the audit */
  by: string;
  /** orders with a dead letter that the log has refused; their later ones are skipped */
  blockedOrders: Set<string>;
}

/**
 * Replays a page of dead letters and adds those that were sent to `tally`. A dead letter that the log refuses for good is
 * skipped with its reason, and so are the later ones of its order.
 *
 * Invariant 8: a dead letter is marked as sent after the log holds it durably. A crash before that leaves it `open`, and
 * sending it twice does no harm.
 * @throws what the store or `EventLog.append` throws, except errors that are permanent
 */
export async function replayPage(
  page: readonly DeadLetterWithPayload[],
  tally: BulkTally,
  dependencies: ReplayDependencies,
): Promise<void> {
  const { store, clock, by } = dependencies;
  const ids = page.map(({ id }) => id);
  const begun = new Set(await store.replayBegun(ids, { by, at: clock() }));
  const orders = groupByOrder(page.filter(({ id }) => begun.has(id)));
  // Before the first append, so that a store that fails here leaves none of them sent but unmarked.
  const partitions = await Promise.all(orders.map(([first]) => partitionOf(first, dependencies)));
  const runs = await Promise.all(
    orders.map((deadLetters, index) => sendInOrder(deadLetters, partitions[index] ?? 0, dependencies)),
  );
  const sent = runs.flatMap((run) => run.sent);
  if (sent.length > 0) {
    const marks = sent.map(({ id, replayCount }) => ({ id, replayCount }));
    await store.replaySent(marks, { by, at: clock() });
  }
  tally.done += sent.length;
  const refused = runs.flatMap((run) => run.refused);
  if (refused.length > 0) await store.replayRefused(refused, { by, at: clock() });
  tally.refused.push(...refused);
  for (const { failure } of runs) if (failure !== undefined) throw failure;
}

interface OrderRun {
  sent: DeadLetterWithPayload[];
  refused: RefusedDeadLetter[];
  /** the run ended early; a later attempt may succeed */
  failure?: Error;
}

/** Where the order was placed: the same for all its dead letters. A record without an order goes where it failed. */
async function partitionOf(
  { orderId, partition }: DeadLetterWithPayload,
  { reader }: ReplayDependencies,
): Promise<number> {
  return (orderId === null ? undefined : await reader.placingPartition(orderId)) ?? partition;
}

/** Sends the next only after the log holds the previous one: if one is refused, later ones must not overtake it. */
async function sendInOrder(
  deadLetters: readonly DeadLetterWithPayload[],
  partition: number,
  { log, blockedOrders }: ReplayDependencies,
): Promise<OrderRun> {
  const run: OrderRun = { sent: [], refused: [] };
  for (const deadLetter of deadLetters) {
    const { id, orderId } = deadLetter;
    if (orderId !== null && blockedOrders.has(orderId)) {
      run.refused.push({ id, reason: 'An earlier dead letter of its order was refused.' });
      continue;
    }
    try {
      await appendToPartition(replayRecord(deadLetter), partition, log);
      run.sent.push(deadLetter);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.transient)
        return { ...run, failure: withDetail(error, (message) => `Dead letter ${id}: ${message}`) };
      run.refused.push({ id, reason: error.message });
      if (orderId !== null) blockedOrders.add(orderId);
    }
  }
  return run;
}

/** Key and value byte for byte, and headers that name the dead letter. */
function replayRecord({ id, key, value, replayCount }: DeadLetterWithPayload): OutgoingRecord {
  const headers = {
    [REPLAY_HEADERS.deadLetterId]: String(id),
    [REPLAY_HEADERS.replayCount]: String(replayCount),
  };
  return { topic: TOPICS.commands, key: asBuffer(key), value: asBuffer(value), headers };
}

/** Groups dead letters by order and keeps their sequence; one without an order is a group of its own. */
function groupByOrder(
  deadLetters: readonly DeadLetterWithPayload[],
): [DeadLetterWithPayload, ...DeadLetterWithPayload[]][] {
  const groups = new Map<string | number, [DeadLetterWithPayload, ...DeadLetterWithPayload[]]>();
  for (const deadLetter of deadLetters) {
    const order = deadLetter.orderId ?? deadLetter.id;
    const group = groups.get(order);
    if (group === undefined) groups.set(order, [deadLetter]);
    else group.push(deadLetter);
  }
  return [...groups.values()];
}

function asBuffer(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
