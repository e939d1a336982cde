import { hasCode, ServiceError } from '../base/errors.ts';
import type { Position } from '../base/position.ts';
import type { EventLog, OutgoingRecord } from '../log/event-log.ts';
import { ALL_ORDERS } from '../order/access.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { RecentOrders } from './recent-orders.ts';

/** A record of an order that is in the log already. */
type LaterRecord = OutgoingRecord & { key: string };

/**
 * Appends a later event of an order to the partition of its placing. The key alone would select another partition once the
 * topic has grown, and there the event could overtake earlier events of its order.
 *
 * The store knows the partition best, then this replica's recent orders, then the caller's position. The embedded log needs
 * only the key, because its topics never grow.
 * @param hint the position of the order, according to the caller
 * @throws ServiceError `position-invalid` if only the hint is known and the topic has no such partition; or what
 *   `OrderReader.placingPartition` and `EventLog.append` throw
 */
export async function appendLaterEvent(
  record: LaterRecord,
  hint: Position | undefined,
  { log, reader, recentOrders }: { log: EventLog; reader: OrderReader; recentOrders: RecentOrders },
): Promise<Position> {
  if (log.find !== undefined) return log.append(record);
  const known =
    (await reader.placingPartition(record.key)) ?? recentOrders.position(record.key, ALL_ORDERS)?.partition;
  if (known !== undefined) return appendToPartition(record, known, log);
  if (hint === undefined) return log.append(record);
  try {
    return await log.append({ ...record, partition: hint.partition });
  } catch (error) {
    if (!hasCode(error, 'partition-unknown')) throw error;
    throw new ServiceError('position-invalid', 'Use the position exactly as it is in the Location header.', {
      cause: error,
    });
  }
}

/**
 * Appends a record to a partition that the store knows. If the log does not have it, the order came from another log, which had
 * more partitions; none of its records are in this one, so the key may select the partition.
 * @throws ServiceError as `EventLog.append`
 */
export async function appendToPartition(
  record: OutgoingRecord,
  partition: number,
  log: Pick<EventLog, 'append'>,
): Promise<Position> {
  try {
    return await log.append({ ...record, partition });
  } catch (error) {
    if (!hasCode(error, 'partition-unknown')) throw error;
    return log.append(record);
  }
}
