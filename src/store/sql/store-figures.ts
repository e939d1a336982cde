import { DEAD_LETTER_REASONS, UNRESOLVED_STATES } from '../dead-letter.ts';
import type { DeadLetterCounts } from '../order-store.ts';
import type { SqlClient } from './statement.ts';

const EARLIEST_RETRY = `
  SELECT due_at AS "dueAt" FROM retrying_orders
  WHERE topic = ? AND partition = ? AND NOT completed ORDER BY due_at LIMIT 1`;

/** Each count reads a part of the index by state and reason. */
const DEAD_LETTER_COUNTS = DEAD_LETTER_REASONS.flatMap((reason) =>
  UNRESOLVED_STATES.map(
    (state) => `
  SELECT '${reason}' AS reason, '${state}' AS state, count(*) AS count
  FROM (SELECT 1 FROM dead_letters WHERE state = '${state}' AND reason = '${reason}' LIMIT ?) AS found`,
  ),
);

/** See `OrderReader.earliestRetry`. Reads the first entry of each partition in the index of due times. */
export async function readEarliestRetry(
  client: Pick<SqlClient, 'query'>,
  topic: string,
  partitions: readonly number[],
): Promise<number | undefined> {
  const rows = await Promise.all(
    partitions.map((partition) =>
      client.query<{ dueAt: number }>({
        name: 'earliest-retry',
        text: EARLIEST_RETRY,
        values: [topic, partition],
      }),
    ),
  );
  const times = rows.flat().map(({ dueAt }) => dueAt);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** See `OrderReader.countDeadLetters`. */
export function countDeadLetters(client: Pick<SqlClient, 'query'>, max: number): Promise<DeadLetterCounts> {
  return client.query({
    name: 'count-dead-letters',
    text: DEAD_LETTER_COUNTS.join(' UNION ALL '),
    values: DEAD_LETTER_COUNTS.map(() => max),
  });
}
