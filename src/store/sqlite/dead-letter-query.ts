import type { DeadLetterFilter, DeadLetterQuery, Eligible, Selection } from '../dead-letter-store.ts';
import { DEAD_LETTER_REASONS } from '../dead-letter.ts';
import { ENTRY_COLUMNS, PAYLOAD_COLUMNS } from '../dead-letter-rows.ts';
import { EARLIEST, LATEST } from '../keyset-bounds.ts';
import { keysetStatement, type SqlStatement } from './keyset.ts';

const FILTERS = [
  { name: 'orderId', column: 'order_id' },
  { name: 'state', column: 'state' },
  { name: 'reason', column: 'reason' },
] as const;

/**
 * What failed for a reason, and what failed because it stood behind that: were an order replayed without the events that
 * had waited behind it, later ones would overtake them.
 */
const FAILED_SO_OR_BEHIND = `(reason = ? OR (reason = 'predecessor-failed' AND EXISTS (
  SELECT 1 FROM dead_letters AS ahead WHERE ahead.order_id = dead_letters.order_id AND ahead.reason = ?)))`;

/** A page, newest failure first. @throws ServiceError `cursor-invalid` */
export function listStatement(query: DeadLetterQuery): SqlStatement {
  return keysetStatement(
    {
      columns: ENTRY_COLUMNS,
      table: 'dead_letters',
      index: indexOf(query),
      equal: FILTERS.filter(({ name }) => query[name] !== undefined).map(({ name, column }) => ({
        column,
        value: query[name] ?? null,
      })),
      time: 'failed_at',
      key: 'id',
    },
    { after: query.failedAfter, before: query.failedBefore, cursor: query.cursor, limit: query.limit },
  );
}

/** One count a reason, each a range of one index: no row is read, and nothing is sorted to be grouped. */
export function reasonsStatement(filter: DeadLetterFilter): SqlStatement {
  const { reason, ...others } = filter;
  const { condition, values } = conditionOf(others);
  const index = indexOf({ ...others, reason: DEAD_LETTER_REASONS[0] });
  const reasons = reason === undefined ? DEAD_LETTER_REASONS : [reason];
  return {
    sql: `SELECT asked.value AS reason,
            (SELECT count(*) FROM dead_letters INDEXED BY ${index} WHERE reason = asked.value AND ${condition}) AS letters
          FROM json_each(?) AS asked`,
    values: [...values, JSON.stringify(reasons)],
  };
}

export function countStatement(selection: Selection, { states, replayCountBelow }: Eligible): SqlStatement {
  const { source, condition, values } = sourceOf(selection, (filter) => `INDEXED BY ${indexOf(filter)}`);
  return {
    sql: `SELECT count(*) AS matched,
            count(*) FILTER (
              WHERE state IN (SELECT value FROM json_each(?)) AND replay_count < ?
            ) AS eligible
          FROM ${source} WHERE ${condition}`,
    values: [JSON.stringify(states), replayCountBelow ?? LATEST, ...values],
  };
}

/** In turn, so that all pages together look at each letter of the selection, or of its state, once. */
export function selectStatement(selection: Selection, afterId: number, limit: number): SqlStatement {
  const { source, condition, values } = sourceOf(selection, indexInTurn);
  return {
    sql: `SELECT ${PAYLOAD_COLUMNS} FROM ${source} WHERE ${condition} AND id > ? ORDER BY id LIMIT ?`,
    values: [...values, afterId, limit],
  };
}

interface Condition {
  condition: string;
  values: SqlStatement['values'];
}

function sourceOf(
  selection: Selection,
  index: (filter: DeadLetterFilter) => string,
): Condition & { source: string } {
  if ('filter' in selection) {
    const { reason, ...others } = selection.filter;
    if (reason === undefined || reason === 'predecessor-failed') {
      return { source: `dead_letters ${index(selection.filter)}`, ...conditionOf(selection.filter) };
    }
    const { condition, values } = conditionOf(others);
    return {
      source: `dead_letters ${index(others)}`,
      condition: `${FAILED_SO_OR_BEHIND} AND ${condition}`,
      values: [reason, reason, ...values],
    };
  }
  return {
    source: 'dead_letters NOT INDEXED',
    condition: 'id IN (SELECT value FROM json_each(?))',
    values: [JSON.stringify(selection.ids)],
  };
}

function conditionOf(filter: DeadLetterFilter): Condition {
  const given = FILTERS.filter(({ name }) => filter[name] !== undefined);
  const equal = given.map(({ column }) => `${column} = ? AND `).join('');
  return {
    condition: `${equal}failed_at > ? AND failed_at < ?`,
    values: [
      ...given.map(({ name }) => filter[name] ?? null),
      filter.failedAfter ?? EARLIEST,
      filter.failedBefore ?? LATEST,
    ],
  };
}

/** Of an order there are few letters: its index serves whatever else is asked. */
function indexOf({ orderId, state, reason }: DeadLetterFilter): string {
  if (orderId !== undefined) return 'dead_letters_by_order';
  if (state !== undefined && reason !== undefined) return 'dead_letters_by_state_and_reason';
  if (state !== undefined) return 'dead_letters_by_state';
  return reason === undefined ? 'dead_letters_by_time' : 'dead_letters_by_reason';
}

/** Without an order or a state the rows themselves lie in turn. */
function indexInTurn({ orderId, state }: DeadLetterFilter): string {
  if (orderId !== undefined) return 'INDEXED BY dead_letters_by_order';
  return state === undefined ? 'NOT INDEXED' : 'INDEXED BY dead_letters_in_turn';
}
