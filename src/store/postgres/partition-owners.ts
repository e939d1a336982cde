import { NO_OWNER, type IsolatedOrder, type OwnedPartitions } from '../partition-owners.ts';
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

const RECORD = `
  INSERT INTO lone_orders AS isolated (order_id, topic, partition, owner, unclean_ends) VALUES ($1, $2, $3, $4, 0)
  ON CONFLICT (order_id) DO UPDATE
  SET unclean_ends = isolated.unclean_ends + (isolated.owner <> excluded.owner)::int, owner = excluded.owner
  RETURNING unclean_ends AS "uncleanEnds"`;

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

export function recordStatement({ orderId, topic, partition, owner }: IsolatedOrder): Statement {
  return { name: 'record-isolated-order', text: RECORD, values: [orderId, topic, partition, owner] };
}

export function clearStatement(orderId: string): Statement {
  return {
    name: 'clear-isolated-order',
    text: 'DELETE FROM lone_orders WHERE order_id = $1',
    values: [orderId],
  };
}

function valuesOf({ topic, partitions, owner }: OwnedPartitions): unknown[] {
  return [topic, partitions, owner];
}
