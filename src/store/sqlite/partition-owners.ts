import {
  NO_OWNER,
  type Claim,
  type IsolatedOrders,
  type OwnedPartitions,
  type OwnerId,
} from '../partition-owners.ts';
import type { SqliteClient } from './client.ts';

const CLAIM = `
  INSERT INTO partition_owners VALUES (?, ?, ?, 0) ON CONFLICT (topic, partition) DO UPDATE
  SET unclean_ends = unclean_ends + (owner NOT IN ('${NO_OWNER}', excluded.owner)), owner = excluded.owner
  RETURNING unclean_ends AS uncleanEnds,
    coalesce((SELECT next_offset FROM progress
              WHERE progress.topic = partition_owners.topic AND progress.partition = partition_owners.partition), 0)
      AS nextOffset`;

const OWNED = 'WHERE topic = ? AND partition = ? AND owner = ?';
const RELEASE = `UPDATE partition_owners SET owner = '${NO_OWNER}' ${OWNED}`;
const RESET = `UPDATE partition_owners SET unclean_ends = 0 ${OWNED}`;
const FORGET = `DELETE FROM lone_orders WHERE (topic, partition) IN (SELECT topic, partition FROM partition_owners ${OWNED})`;

const RECORD = `
  INSERT INTO lone_orders VALUES (?, ?, ?, ?, 0) ON CONFLICT (order_id) DO UPDATE
  SET unclean_ends = unclean_ends + (owner <> excluded.owner), owner = excluded.owner
  RETURNING unclean_ends AS uncleanEnds`;

const SUSPECTS = `
  SELECT order_id AS orderId FROM lone_orders WHERE order_id IN (SELECT value FROM json_each(?)) AND owner <> ?`;

const CLEAR = 'DELETE FROM lone_orders WHERE order_id IN (SELECT value FROM json_each(?))';

/** Each function runs inside a transaction of the caller. */
export function claim(client: SqliteClient, { topic, partitions, owner }: OwnedPartitions): Claim[] {
  return partitions.flatMap((partition) =>
    client
      .all<Omit<Claim, 'partition'>>(CLAIM, topic, partition, owner)
      .map((row) => ({ partition, ...row })),
  );
}

export function release(client: SqliteClient, { topic, partitions, owner }: OwnedPartitions): void {
  for (const partition of partitions) client.run(RELEASE, topic, partition, owner);
}

export function resetCrashCount(client: SqliteClient, { topic, partitions, owner }: OwnedPartitions): void {
  for (const partition of partitions) {
    client.run(RESET, topic, partition, owner);
    client.run(FORGET, topic, partition, owner);
  }
}

export function suspectsAmong(
  client: SqliteClient,
  orderIds: readonly string[],
  owner: OwnerId,
): Set<string> {
  const rows = client.all<{ orderId: string }>(SUSPECTS, JSON.stringify(orderIds), owner);
  return new Set(rows.map(({ orderId }) => orderId));
}

export function recordIsolated(
  client: SqliteClient,
  { topic, owner, orders }: IsolatedOrders,
): Map<string, number> {
  const uncleanEnds = ([orderId, partition]: [string, number]): [string, number] => {
    const [row] = client.all<{ uncleanEnds: number }>(RECORD, orderId, topic, partition, owner);
    return [orderId, row?.uncleanEnds ?? 0];
  };
  return new Map([...orders].map(uncleanEnds));
}

export function clearIsolated(client: SqliteClient, orderIds: readonly string[]): void {
  client.run(CLEAR, JSON.stringify(orderIds));
}
