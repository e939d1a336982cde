import type { Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { EventSourceReader } from '../support/event-source.ts';

/**
 * Watches all orders while they change, is cut off at random and goes on at another of the replicas, where its last
 * event left off.
 */
export class CutWatcher {
  /** order → the versions that were seen of it, in turn */
  readonly seen = new Map<string, number[]>();
  readonly #urls: () => string[];
  readonly #faults: Error[] = [];
  #reader = new EventSourceReader();
  #reading: Promise<void> = Promise.resolve();
  #changes = 0;
  #cuts = 0;

  constructor(urls: () => string[]) {
    this.#urls = urls;
  }

  get changes(): number {
    return this.#changes;
  }

  get cuts(): number {
    return this.#cuts;
  }

  /** Begins to read; resolves when the stream is there. */
  async start(): Promise<void> {
    this.#read();
    await eventually(() => this.#reader.lastEventId !== '' || this.#faults.length > 0, {
      what: 'the stream to begin',
    });
  }

  /** Whatever was on its way is lost: only the id of the last event is kept. */
  async cut(): Promise<void> {
    this.#reader.cut();
    await this.#reading;
    this.#cuts += 1;
    this.#reader = new EventSourceReader(this.#reader.lastEventId);
    this.#read();
  }

  async stop(): Promise<void> {
    this.#reader.cut();
    await this.#reading;
  }

  /** Each version of these orders once, in order. */
  sawEverything(t: Test, versions: ReadonlyMap<string, number>): void {
    t.same(this.#faults, [], 'every token was taken');
    const wrong = [...versions].filter(([id, count]) => {
      const expected = Array.from({ length: count }, (_, index) => index + 1);
      return (this.seen.get(id) ?? []).join() !== expected.join();
    });
    t.same(
      wrong.map(([id]) => [id, this.seen.get(id)]),
      [],
      'every version once, in order',
    );
    t.equal(this.seen.size, versions.size);
  }

  #read(): void {
    const urls = this.#urls();
    const url = urls[this.#cuts % urls.length] ?? '';
    this.#reading = this.#reader
      .read(`${url}/v1/order-events`, ({ data: { orderId, version } }) => {
        this.#changes += 1;
        const versions = this.seen.get(orderId) ?? [];
        versions.push(version);
        this.seen.set(orderId, versions);
      })
      .catch((error: unknown) => {
        this.#faults.push(error instanceof Error ? error : new Error(String(error)));
      });
  }
}
