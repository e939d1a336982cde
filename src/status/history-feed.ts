import { toError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { EventCodec } from '../order/events.ts';
import type { LineageStore } from '../store/lineage-store.ts';
import type { OrderReader, SequencedChange } from '../store/order-store.ts';
import type { StatusRecord } from './status-event.ts';
import { historyEpochs, newIdentity } from './lineage.ts';
import type { StatusHub } from './status-hub.ts';

/** The history is a single sequence, so it has one partition. */
const PARTITION = 0;

export interface HistoryFeedOptions {
  hub: StatusHub;
  reader: Pick<OrderReader, 'latestChanges'>;
  codec: EventCodec;
  /** number of changes before the start that watchers can resume from */
  backlog: number;
}

/**
 * Feeds the hub when one process owns the store. The history in the store replaces the status topic: the sequence number of
 * a change is its offset, so resume tokens survive a restart; each start begins an epoch (lineage.ts). Lanes save in parallel,
 * so `publish` waits until all earlier changes are published; at most one batch per lane waits.
 */
export class HistoryFeed {
  readonly #options: HistoryFeedOptions;
  #next = 1;
  #waiting: { sequence: number; proceed: () => void }[] = [];

  constructor(options: HistoryFeedOptions) {
    this.#options = options;
  }

  /** Begins an epoch and publishes the latest changes of the history. @throws ServiceError `store-unavailable` */
  async start(lineage: Pick<LineageStore, 'beginEpoch'>): Promise<void> {
    const { hub, reader, codec, backlog } = this.#options;
    hub.setLineage(historyEpochs(await lineage.beginEpoch(newIdentity())));
    const changes = afterLastGap(await reader.latestChanges(backlog));
    hub.beginAt(PARTITION, changes[0]?.sequence ?? 1);
    hub.publish(changes.map((change) => toRecord(change, codec)));
    this.#next = (changes.at(-1)?.sequence ?? 0) + 1;
  }

  /**
   * Publishes each change once, in the order of their sequences.
   * @param records status events of saved changes, with the sequence of the change as offset
   * @param signal ends the wait for earlier changes
   * @throws the signal's reason if it is aborted before all changes are published
   */
  async publish(records: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    let ready: StatusRecord[] = [];
    const flush = () => {
      this.#options.hub.publish(ready);
      ready = [];
      this.#wakeReady();
    };
    for (const record of records.toSorted((one, other) => one.offset - other.offset)) {
      if (record.offset > this.#next) {
        flush();
        await this.#untilReached(record.offset, signal);
      }
      if (record.offset < this.#next) continue;
      ready.push(record);
      this.#next += 1;
    }
    flush();
  }

  async #untilReached(sequence: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((proceed, reject) => {
      const waiting = {
        sequence,
        proceed: () => {
          signal.removeEventListener('abort', giveUp);
          proceed();
        },
      };
      const giveUp = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(toError(signal.reason));
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #wakeReady(): void {
    const ready = this.#waiting.filter(({ sequence }) => sequence <= this.#next);
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter(({ sequence }) => sequence > this.#next);
    for (const { proceed } of ready) proceed();
  }
}

/**
 * Retention deletes changes of old orders from among those of others. A watcher that resumes from before a gap would miss them
 * without noticing, so tokens from before the last gap are too old.
 */
function afterLastGap(changes: readonly SequencedChange[]): SequencedChange[] {
  const last = changes.findLastIndex(
    ({ sequence }, index) => index > 0 && sequence !== (changes[index - 1]?.sequence ?? 0) + 1,
  );
  return changes.slice(Math.max(0, last));
}

function toRecord({ sequence, change }: SequencedChange, codec: EventCodec): StatusRecord {
  const value = Buffer.from(codec.encodeStatusChange(change));
  return { partition: PARTITION, offset: sequence, key: Buffer.from(change.orderId), value };
}
