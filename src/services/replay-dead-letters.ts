import type { Clock } from '../base/clock.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import { REPLAY_HEADERS } from '../store/dead-letter.ts';
import type { DeadLetterStore, DeadLetterWithPayload } from '../store/dead-letter-store.ts';
import { withDetail } from './bulk-action.ts';

interface ReplayDependencies {
  store: DeadLetterStore;
  log: EventLog;
  clock: Clock;
  /** the operator, for the audit */
  by: string;
}

/**
 * Replays a page of dead letters and adds those that were sent to `tally`.
 *
 * Invariant 8: a dead letter is marked as sent after the log holds it durably. A crash before that leaves it `open`, and
 * sending it twice does no harm.
 * @throws what the store or `EventLog.append` throws
 */
export async function replayPage(
  page: readonly DeadLetterWithPayload[],
  tally: { done: number },
  { store, log, clock, by }: ReplayDependencies,
): Promise<void> {
  const ids = page.map(({ id }) => id);
  const begun = new Set(await store.replayBegun(ids, { by, at: clock() }));
  const orders = groupByOrder(page.filter(({ id }) => begun.has(id)));
  const runs = await Promise.all(orders.map((deadLetters) => sendInOrder(deadLetters, log)));
  const sent = runs.flatMap((run) => run.sent);
  if (sent.length > 0) {
    const marks = sent.map(({ id, replayCount }) => ({ id, replayCount }));
    await store.replaySent(marks, { by, at: clock() });
  }
  tally.done += sent.length;
  for (const { failure } of runs) if (failure !== undefined) throw failure;
}

/** Sends the next only after the log holds the previous one: if one is refused, later ones must not overtake it. */
async function sendInOrder(
  deadLetters: readonly DeadLetterWithPayload[],
  log: EventLog,
): Promise<{ sent: DeadLetterWithPayload[]; failure?: Error }> {
  const sent: DeadLetterWithPayload[] = [];
  for (const deadLetter of deadLetters) {
    const { id, key, value, replayCount } = deadLetter;
    const headers = {
      [REPLAY_HEADERS.deadLetterId]: String(id),
      [REPLAY_HEADERS.replayCount]: String(replayCount),
    };
    try {
      await log.append({ topic: TOPICS.commands, key: asBuffer(key), value: asBuffer(value), headers });
      sent.push(deadLetter);
    } catch (error) {
      return { sent, failure: withDetail(error, (message) => `Dead letter ${id}: ${message}`) };
    }
  }
  return { sent };
}

/** Groups dead letters by order and keeps their sequence; one without an order is a group of its own. */
function groupByOrder(deadLetters: readonly DeadLetterWithPayload[]): DeadLetterWithPayload[][] {
  const groups = new Map<string | number, DeadLetterWithPayload[]>();
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
