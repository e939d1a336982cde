import type { LogRecord } from '../base/log-record.ts';
import type { EventCodec } from '../order/events.ts';
import type { OrderReader, SequencedChange } from '../store/order-store.ts';
import type { StatusRecord } from './status-event.ts';
import type { StatusHub } from './status-hub.ts';

/** All changes are one line in the store's history. */
const PARTITION = 0;

export interface HistoryFeedOptions {
  hub: StatusHub;
  reader: Pick<OrderReader, 'latestChanges'>;
  codec: EventCodec;
  /** changes that happened before the start and are told to those who resume */
  backlog: number;
}

/**
 * Feeds the hub where one process has the whole store to itself. The store's history is the log of the status changes:
 * the sequence of a change is its offset, so that tokens outlive a restart. What the lanes save side by side is passed on
 * in the order in which it was saved; whoever publishes waits for its turn, a batch a lane at most.
 */
export class HistoryFeed {
  readonly #options: HistoryFeedOptions;
  #next = 1;
  #waiting: { sequence: number; proceed: () => void }[] = [];

  constructor(options: HistoryFeedOptions) {
    this.#options = options;
  }

  /** Tells the hub what happened of late. @throws what reading the history throws */
  async start(): Promise<void> {
    const { hub, reader, codec, backlog } = this.#options;
    const changes = await reader.latestChanges(backlog);
    hub.beginAt(PARTITION, changes[0]?.sequence ?? 1);
    hub.publish(changes.map((change) => toRecord(change, codec)));
    this.#next = (changes.at(-1)?.sequence ?? 0) + 1;
  }

  /**
   * @param records status events of saved changes, each with the sequence of its change as offset; those that were passed on
   *   before are left out
   */
  async publish(records: readonly LogRecord[]): Promise<void> {
    let ready: StatusRecord[] = [];
    const passOn = () => {
      this.#options.hub.publish(ready);
      ready = [];
      this.#callNext();
    };
    for (const record of records.toSorted((one, other) => one.offset - other.offset)) {
      if (record.offset > this.#next) {
        passOn();
        await this.#turnOf(record.offset);
      }
      if (record.offset < this.#next) continue;
      ready.push(record);
      this.#next += 1;
    }
    passOn();
  }

  async #turnOf(sequence: number): Promise<void> {
    while (sequence > this.#next) {
      await new Promise<void>((proceed) => this.#waiting.push({ sequence, proceed }));
    }
  }

  #callNext(): void {
    const called = this.#waiting.filter(({ sequence }) => sequence <= this.#next);
    if (called.length === 0) return;
    this.#waiting = this.#waiting.filter(({ sequence }) => sequence > this.#next);
    for (const { proceed } of called) proceed();
  }
}

function toRecord({ sequence, change }: SequencedChange, codec: EventCodec): StatusRecord {
  const value = Buffer.from(codec.encodeStatusChange(change));
  return { partition: PARTITION, offset: sequence, key: Buffer.from(change.orderId), value };
}
