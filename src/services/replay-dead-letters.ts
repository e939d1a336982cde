import type { Clock } from '../base/clock.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import { REPLAY_HEADERS } from '../store/dead-letter.ts';
import type { DeadLetterStore, DeadLetterWithPayload } from '../store/dead-letter-store.ts';
import { runBulkAction, withDetail, type BulkResult, type BulkRequest } from './bulk-action.ts';

export interface ReplayDependencies {
  store: DeadLetterStore;
  log: EventLog;
  /** letters that failed again so often are passed over */
  replayLimit: number;
  clock: Clock;
}

/**
 * Sends dead letters to the event log again, key and value byte for byte. What becomes of them the pipeline says: it
 * knows them by their headers. A letter is marked as sent after the log holds it durably; a crash before leaves it
 * `open`, and sending it twice does no harm.
 */
export class DeadLetterReplaying {
  readonly #with: ReplayDependencies;

  constructor(dependencies: ReplayDependencies) {
    this.#with = dependencies;
  }

  /** @throws ServiceError `draining`, or what the store or `EventLog.append` throws, with how far it came */
  replay(wish: BulkRequest, signal: AbortSignal): Promise<BulkResult> {
    const { store, replayLimit } = this.#with;
    const act = {
      verb: 'replayed',
      // An exhausted dead letter has reached the limit that held then: after a higher one was set it may go again.
      eligible: { states: ['open', 'replaying', 'exhausted'], replayCountBelow: replayLimit } as const,
      perform: (letters: DeadLetterWithPayload[], tally: { done: number }) =>
        this.#replayPage(letters, tally, wish.by),
    };
    return runBulkAction(store, wish, act, signal);
  }

  async #replayPage(letters: DeadLetterWithPayload[], tally: { done: number }, by: string): Promise<void> {
    const { store, clock } = this.#with;
    const ids = letters.map(({ id }) => id);
    const noted = new Set(await store.replayBegun(ids, { by, at: clock() }));
    const orders = byOrder(letters.filter(({ id }) => noted.has(id)));
    const lines = await Promise.all(orders.map((line) => this.#sendInTurn(line)));
    const sent = lines.flatMap((line) => line.sent);
    if (sent.length > 0) {
      const letters = sent.map(({ id, replayCount }) => ({ id, replayCount }));
      await store.replaySent(letters, { by, at: clock() });
    }
    tally.done += sent.length;
    for (const { failure } of lines) if (failure !== undefined) throw failure;
  }

  /** The next one goes when the log holds the one before: were that refused, it would be overtaken. */
  async #sendInTurn(
    letters: DeadLetterWithPayload[],
  ): Promise<{ sent: DeadLetterWithPayload[]; failure?: Error }> {
    const sent: DeadLetterWithPayload[] = [];
    for (const letter of letters) {
      try {
        await this.#append(letter);
        sent.push(letter);
      } catch (error) {
        return { sent, failure: withDetail(error, (message) => `Dead letter ${letter.id}: ${message}`) };
      }
    }
    return { sent };
  }

  async #append({ id, key, value, replayCount }: DeadLetterWithPayload): Promise<void> {
    await this.#with.log.append({
      topic: TOPICS.commands,
      key: asBuffer(key),
      value: asBuffer(value),
      headers: { [REPLAY_HEADERS.letter]: String(id), [REPLAY_HEADERS.replayCount]: String(replayCount) },
    });
  }
}

/** The letters of each order, in turn; one that is of no order stands alone. */
function byOrder(letters: DeadLetterWithPayload[]): DeadLetterWithPayload[][] {
  const lines = new Map<string | number, DeadLetterWithPayload[]>();
  for (const letter of letters) {
    const order = letter.orderId ?? letter.id;
    const line = lines.get(order);
    if (line === undefined) lines.set(order, [letter]);
    else line.push(letter);
  }
  return [...lines.values()];
}

/** The same memory. */
function asBuffer(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
