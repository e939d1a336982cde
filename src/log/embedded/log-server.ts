import type { ServiceError } from '../../base/errors.ts';
import { asBuffer, encodeBatch } from './frames.ts';
import { LogFile } from './log-file.ts';
import {
  type Body,
  type Call,
  type CallKind,
  type FromThread,
  type OpenOptions,
  type Reply,
  toFailure,
  type Wake,
} from './protocol.ts';
import { logFailure } from './sqlite-failure.ts';
import { Upkeep } from './upkeep.ts';

/** Keeps a turn of retention to some milliseconds. */
const DROP_RECORDS = 500;
const MIN_UPKEEP_INTERVAL_MS = 50;
const MAX_UPKEEP_INTERVAL_MS = 1000;

/** Answers the main thread's calls on the log file; a fetch that finds nothing waits for an append. */
export class LogServer {
  readonly #options: OpenOptions;
  readonly #post: (message: FromThread, transfer: ArrayBuffer[]) => void;
  readonly #upkeep: Upkeep;
  readonly #waiting = new Map<number, Call<'fetch'>>();
  #opened: LogFile | undefined;
  #fault: string | undefined;
  #appendedSinceDrop = 0;

  constructor(options: OpenOptions, post: (message: FromThread, transfer: ArrayBuffer[]) => void) {
    this.#options = options;
    this.#post = post;
    const intervalMs = Math.min(
      Math.max(options.retentionMs / 4, MIN_UPKEEP_INTERVAL_MS),
      MAX_UPKEEP_INTERVAL_MS,
    );
    this.#upkeep = new Upkeep(() => this.#keepUp(), intervalMs);
  }

  receive(message: Call | Wake): void {
    if (message.kind === 'wake') {
      this.#wake(message.reader);
      return;
    }
    try {
      this.#answer(message);
    } catch (thrown) {
      const error = logFailure(thrown, this.#options.file);
      if (message.kind === 'append' || message.kind === 'commit') this.#notice(error);
      this.#post({ kind: 'failed', call: message.call, failure: toFailure(error) }, []);
    }
  }

  close(): void {
    this.#upkeep.stop();
    this.#opened?.close();
  }

  get #file(): LogFile {
    if (this.#opened === undefined) throw new Error('it is not open');
    return this.#opened;
  }

  #answer(message: Call): void {
    switch (message.kind) {
      case 'open':
        this.#opened = new LogFile(this.#options);
        this.#upkeep.start();
        this.#reply(message.call, null);
        break;
      case 'append':
        this.#append(message.call, message.body);
        break;
      case 'fetch':
        this.#fetch(message);
        break;
      case 'describe':
        this.#reply(
          message.call,
          this.#file.topic(message.body.topic).partitions.map(({ start, end, committed }) => {
            return { start, end, committed };
          }),
        );
        break;
      case 'commit':
        this.#file.commit(message.body.topic, message.body.nextOffsets);
        this.#reply(message.call, null);
        break;
      case 'find': {
        const found = this.#file.find(message.body.topic, message.body.key);
        this.#replyBytes(message.call, encodeBatch(found === undefined ? [] : [found]));
        break;
      }
    }
  }

  #append(call: number, { topics, frames }: Body<'append'>): void {
    if (this.#fault !== undefined) this.#heal();
    const positions = this.#file.append(topics, asBuffer(frames), Date.now());
    this.#appendedSinceDrop += positions.length / 2;
    this.#post({ kind: 'done', call, reply: positions }, [positions.buffer]);
    // Of those that wait now: one that finds nothing still (it has paused the partition) waits anew, and would come again.
    for (const [reader, fetch] of [...this.#waiting]) {
      if (!topics.includes(fetch.body.topic)) continue;
      this.#waiting.delete(reader);
      this.receive(fetch);
    }
  }

  #fetch(fetch: Call<'fetch'>): void {
    const chunks = this.#file.read(fetch.body);
    if (chunks.length === 0) {
      this.#waiting.set(fetch.body.reader, fetch);
    } else {
      this.#replyFetched(fetch, encodeBatch(chunks));
    }
  }

  #wake(reader: number): void {
    const fetch = this.#waiting.get(reader);
    if (fetch === undefined) return;
    this.#waiting.delete(reader);
    this.#replyFetched(fetch, encodeBatch([]));
  }

  #replyFetched({ call, body }: Call<'fetch'>, batch: Buffer<ArrayBuffer>): void {
    const ends = this.#file.topic(body.topic).partitions.map(({ end }) => end);
    this.#post({ kind: 'done', call, reply: { batch, ends } }, [batch.buffer]);
  }

  #replyBytes(call: number, bytes: Buffer<ArrayBuffer>): void {
    this.#post({ kind: 'done', call, reply: bytes }, [bytes.buffer]);
  }

  #reply<K extends CallKind>(call: number, reply: Reply<K>): void {
    this.#post({ kind: 'done', call, reply }, []);
  }

  /** @returns whether there is more to do at once */
  #keepUp(): boolean {
    try {
      if (this.#fault !== undefined) this.#heal();
      // Twice of what came meanwhile: dropping overtakes appending, however large the groups are.
      const budget = Math.max(DROP_RECORDS, 2 * this.#appendedSinceDrop);
      this.#appendedSinceDrop = 0;
      return this.#file.dropDue(Date.now() - this.#options.retentionMs, budget) >= budget;
    } catch (thrown) {
      this.#notice(logFailure(thrown, this.#options.file));
      return false;
    }
  }

  #heal(): void {
    this.#file.heal();
    this.#fault = undefined;
    this.#post({ kind: 'health', fault: undefined }, []);
  }

  /** A log that is only full takes more as soon as there is room; one that cannot write is checked before it does. */
  #notice(error: ServiceError): void {
    if (error.code !== 'log-unavailable') return;
    this.#fault = error.message;
    this.#post({ kind: 'health', fault: error.message }, []);
  }
}
