import type { Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { EventSourceReader } from '../support/event-source.ts';

/** Watches all orders over server-sent events. On request it disconnects and resumes at the next replica. */
export class ReconnectingWatcher {
  /** order id → the versions that arrived, in their order of arrival */
  readonly seen = new Map<string, number[]>();
  readonly #urls: () => string[];
  readonly #errors: Error[] = [];
  #reader = new EventSourceReader();
  #reading: Promise<void> = Promise.resolve();
  #changes = 0;
  #reconnects = 0;

  constructor(urls: () => string[]) {
    this.#urls = urls;
  }

  get changes(): number {
    return this.#changes;
  }

  /** Resolves when the stream has begun. */
  async start(): Promise<void> {
    this.#read();
    await eventually(() => this.#reader.lastEventId !== '' || this.#errors.length > 0, {
      what: 'the stream to begin',
    });
  }

  /** Drops everything in flight and keeps only the id of the last event. */
  async reconnect(): Promise<void> {
    await this.stop();
    this.#reconnects += 1;
    this.#reader = new EventSourceReader(this.#reader.lastEventId);
    this.#read();
  }

  async stop(): Promise<void> {
    this.#reader.cut();
    await this.#reading;
  }

  /** @param versions order id → its last version */
  assertSawEverything(t: Test, versions: ReadonlyMap<string, number>): void {
    t.same(this.#errors, [], 'every token was accepted');
    const wrong = [...versions].filter(([id, last]) => {
      const expected = Array.from({ length: last }, (_, index) => index + 1);
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
    const url = urls[this.#reconnects % urls.length] ?? '';
    this.#reading = this.#reader
      .read(`${url}/v1/order-events`, ({ data: { orderId, version } }) => {
        this.#changes += 1;
        const versions = this.seen.get(orderId) ?? [];
        versions.push(version);
        this.seen.set(orderId, versions);
      })
      .catch((error: unknown) => {
        this.#errors.push(error instanceof Error ? error : new Error(String(error)));
      });
  }
}
