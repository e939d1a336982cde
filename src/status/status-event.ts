import type { LogRecord } from '../base/log-record.ts';
import type { Position } from '../base/position.ts';
import type { StatusChange } from '../order/commands.ts';
import { peekCause, peekOutcome, peekStatusChange } from '../order/event-text.ts';
import type { EventCodec } from '../order/events.ts';
import type { ChangeItem } from './change-item.ts';

/** A record of `orders.status`; its key is the order id. */
export type StatusRecord = Pick<LogRecord, 'partition' | 'offset' | 'key' | 'value'>;

/** A status change with its position. It is decoded at most once for everybody, and only if someone watches it. */
export class StatusEvent implements Position {
  readonly partition: number;
  readonly offset: number;
  readonly orderId: string;
  readonly version: number;
  /** counts the events of this replica in the order of their arrival; set by `KeptEvents` */
  sequence = 0;
  /** after the event, see `pointText`; undefined until a subscription needs it */
  point: string | undefined;
  /** the item of the view that was asked for first; nearly always the only one */
  #item: { view: string; item: ChangeItem } | undefined;
  /** the items of other views */
  #others: Map<string, ChangeItem> | undefined;
  readonly #codec: EventCodec;
  /** null once it is decoded: then the change has everything */
  #value: Buffer | null;
  #change: StatusChange | undefined;

  /** @throws ServiceError `record-undecodable` */
  constructor({ partition, offset, value }: StatusRecord, codec: EventCodec) {
    this.partition = partition;
    this.offset = offset;
    this.#value = value;
    this.#codec = codec;
    const { orderId, version } = (value === null ? undefined : peekStatusChange(value)) ?? this.change();
    this.orderId = orderId;
    this.version = version;
  }

  /** What all subscriptions of a view get. @param make is called once for each view */
  itemFor(view: string, make: () => ChangeItem): ChangeItem {
    if (this.#item === undefined) this.#item = { view, item: make() };
    if (this.#item.view === view) return this.#item.item;
    this.#others ??= new Map();
    let item = this.#others.get(view);
    if (item === undefined) {
      item = make();
      this.#others.set(view, item);
    }
    return item;
  }

  /** The command that caused the change, without decoding. @throws ServiceError `record-undecodable` */
  get cause(): Position {
    return (this.#value === null ? undefined : peekCause(this.#value)) ?? this.change().cause;
  }

  /** The new status and its time (milliseconds since the epoch), without decoding. @throws ServiceError `record-undecodable` */
  outcome(): Pick<StatusChange, 'status' | 'at'> {
    return (this.#value === null ? undefined : peekOutcome(this.#value)) ?? this.change();
  }

  /** @throws ServiceError `record-undecodable` */
  change(): StatusChange {
    if (this.#change !== undefined) return this.#change;
    this.#change = this.#codec.decodeStatusChange(this.#value);
    this.#value = null;
    return this.#change;
  }
}
