import { NO_OWNER, type IsolatedOrders, type OwnedPartitions, type OwnerId } from '../partition-owners.ts';
import type { Statement } from '../sql/statement.ts';

/** In the order of the partitions, so that two owners cannot deadlock. */
const CLAIM = `
  INSERT INTO partition_owners AS owned (topic, partition, owner, unclean_ends)
  SELECT $1, partition, $3, 0 FROM unnest($2::bigint[]) AS wanted (partition) ORDER BY partition
  ON CONFLICT (topic, partition) DO UPDATE
  SET unclean_ends = owned.unclean_ends + (owned.owner NOT IN ('${NO_OWNER}', excluded.owner))::int,
      owner = excluded.owner
  RETURNING partition, unclean_ends AS "uncleanEnds",
    coalesce((SELECT next_offset FROM progress
              WHERE progress.topic = owned.topic AND progress.partition = owned.partition), 0) AS "nextOffset"`;

const OWNED = 'WHERE topic = $1 AND partition = ANY($2::bigint[]) AND owner = $3';

/** In the order of the ids, so that two owners cannot deadlock. */
const RECORD = `
  INSERT INTO lone_orders AS isolated (order_id, topic, partition, owner, unclean_ends)
  SELECT order_id, $3, partition, $4, 0
  FROM unnest($1::text[], $2::bigint[]) AS called (order_id, partition) ORDER BY order_id
  ON CONFLICT (order_id) DO UPDATE
  SET unclean_ends = isolated.unclean_ends + (isolated.owner <> excluded.owner)::int, owner = excluded.owner
  RETURNING order_id AS "orderId", unclean_ends AS "uncleanEnds"`;

export function claimStatement(owned: OwnedPartitions): Statement {
  return { name: 'claim-partitions', text: CLAIM, values: valuesOf(owned) };
}

export function releaseStatement(owned: OwnedPartitions): Statement {
  const text = `UPDATE partition_owners SET owner = '${NO_OWNER}' ${OWNED}`;
  return { name: 'release-partitions', text, values: valuesOf(owned) };
}

export function resetStatements(owned: OwnedPartitions): Statement[] {
  return [
    {
      name: 'reset-crash-counts',
      text: `UPDATE partition_owners SET unclean_ends = 0 ${OWNED}`,
      values: valuesOf(owned),
    },
    {
      name: 'forget-isolated-orders',
      text: `DELETE FROM lone_orders
             WHERE (topic, partition) IN (SELECT topic, partition FROM partition_owners ${OWNED})`,
      values: valuesOf(owned),
    },
  ];
}

export function suspectsStatement(orderIds: readonly string[], owner: OwnerId): Statement {
  return {
    name: 'suspected-orders',
    text: 'SELECT order_id AS "orderId" FROM lone_orders WHERE order_id = ANY($1::text[]) AND owner <> $2',
    values: [orderIds, owner],
  };
}

export function recordStatement({ topic, owner, orders }: IsolatedOrders): Statement {
  return {
    name: 'record-isolated-orders',
    text: RECORD,
    values: [[...orders.keys()], [...orders.values()], topic, owner],
  };
}

export function clearStatement(orderIds: readonly string[]): Statement {
  return {
    name: 'clear-isolated-orders',
    text: 'DELETE FROM lone_orders WHERE order_id = ANY($1::text[])',
    values: [orderIds],
  };
}

function valuesOf({ topic, partitions, owner }: OwnedPartitions): unknown[] {
  return [topic, partitions, owner];
}
