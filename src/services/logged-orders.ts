import { hasCode, ServiceError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Position } from '../base/position.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import { isSameAccess, mayUse, type OrderAccess } from '../order/access.ts';
import type { PlaceOrder } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';

/** Invariant 9: with Kafka, each read takes a client of its own. More are refused; the store will have the order soon. */
const MAX_READS = 8;

/** How many of these one customer or merchant may have, so that one that asks for made-up positions does not block all others. */
const MAX_READS_PER_CALLER = 4;

/** Checks access to orders that are not stored yet: only their record in the log names customer and merchant (invariant 12). */
export class LoggedOrders {
  readonly #log: Pick<EventLog, 'ranges' | 'recordsAt'>;
  readonly #codec: Pick<EventCodec, 'decodeCommand'>;
  /** of each running read, the access of its caller */
  readonly #readers: OrderAccess[] = [];

  constructor({ log, codec }: { log: Pick<EventLog, 'ranges' | 'recordsAt'>; codec: EventCodec }) {
    this.#log = log;
    this.#codec = codec;
  }

  /** Whether a record places an order that the caller may use. Decodes the record only for customers and merchants. */
  allows(access: OrderAccess, record: LogRecord): boolean {
    if (access.kind === 'all') return true;
    const placed = this.#placedBy(record);
    return placed !== undefined && mayUse(access, placed.order);
  }

  /**
   * Whether the record at a position places this order, and the caller may use it. The position comes from the caller, so
   * it proves nothing.
   * @throws ServiceError `overloaded`, `log-unavailable`
   */
  async has(orderId: string, { partition, offset }: Position, access: OrderAccess): Promise<boolean> {
    const own = this.#readers.filter((reader) => isSameAccess(reader, access)).length;
    if (this.#readers.length >= MAX_READS || own >= MAX_READS_PER_CALLER) throw tooManyReads();
    this.#readers.push(access);
    try {
      // A read beyond the end would wait for a record.
      const range = (await this.#log.ranges(TOPICS.commands, [partition]))[partition];
      if (range === undefined || offset < range.start || offset >= range.end) return false;
      const records = await this.#log.recordsAt(TOPICS.commands, new Map([[partition, offset]]));
      const record = records.get(partition);
      const placed = record && this.#placedBy(record);
      return placed?.orderId === orderId && mayUse(access, placed.order);
    } finally {
      this.#readers.splice(this.#readers.indexOf(access), 1);
    }
  }

  /** Undefined for a record that does not place an order. A dead letter may be stored without its value. */
  #placedBy({ value }: LogRecord): PlaceOrder | undefined {
    try {
      const command = this.#codec.decodeCommand(value);
      return command.kind === 'place' ? command : undefined;
    } catch (error) {
      if (!hasCode(error, 'record-undecodable')) throw error;
      return undefined;
    }
  }
}

function tooManyReads(): ServiceError {
  return new ServiceError(
    'overloaded',
    'Too many orders that are not processed yet are being looked up. Try again in a moment.',
  );
}
