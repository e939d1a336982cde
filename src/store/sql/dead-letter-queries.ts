import type { DeadLetterFilter, DeadLetterQuery, Eligible, Selection } from '../dead-letter-store.ts';
import { DEAD_LETTER_REASONS } from '../dead-letter.ts';
import { EARLIEST, LATEST, parseCursor, type KeysetStatement } from './keyset.ts';
import { ENTRY_BYTES, ENTRY_COLUMNS, UNRESOLVED } from './rows.ts';
import type { Fragment, Statement } from './statement.ts';

/** The parts of a query that differ between SQLite and PostgreSQL. */
export interface Dialect {
  keysetStatement: KeysetStatement;
  /** condition: the column has one of these values */
  isAmong(column: string, values: readonly (string | number)[]): Fragment;
  /** a table `wanted` with one column, `value`, that holds these values */
  wanted(values: readonly string[]): Fragment;
  /** the table `dead_letters AS alias`; SQLite must use this index, or none (null) */
  deadLetters(index: Index | null, alias?: string): string;
}

type Index =
  `dead_letters_${'by_time' | 'by_order' | 'by_state' | 'by_reason' | 'by_state_and_reason' | 'in_turn' | 'unresolved' | 'unresolved_by_reason'}`;

/** Where to read a selection: a table (`from`), a condition (`text`) and a name that is unique to the condition. */
export interface SelectionSource extends Fragment {
  name: string;
  from: string;
}

const FILTERS = [
  { name: 'orderId', column: 'order_id' },
  { name: 'state', column: 'state' },
  { name: 'reason', column: 'reason' },
] as const;

/** One page, latest failure first. @throws ServiceError `cursor-invalid` */
export function listStatement(dialect: Dialect, query: DeadLetterQuery): Statement {
  const source = {
    name: query.unresolved === true ? 'list-unresolved' : 'list-dead-letters',
    columns: ENTRY_COLUMNS,
    bytes: ENTRY_BYTES,
    table: 'dead_letters',
    index: indexOf(query),
    equal: equalIn(query),
    condition: query.unresolved === true ? UNRESOLVED : undefined,
    time: 'failed_at',
    key: 'id',
  };
  const { failedAfter: after, failedBefore: before, limit } = query;
  const cursor = query.cursor === undefined ? undefined : parseCursor(query.cursor);
  return dialect.keysetStatement(source, { after, before, cursor, limit });
}

/** One count per reason, each a scan of one index range. `GROUP BY` would read and sort rows. */
export function reasonsStatement(dialect: Dialect, filter: DeadLetterFilter): Statement {
  const { reason, ...others } = filter;
  const { name, text, values } = conditionOf(others);
  const wanted = dialect.wanted(reason === undefined ? DEAD_LETTER_REASONS : [reason]);
  const table = dialect.deadLetters(indexOf({ ...others, reason: DEAD_LETTER_REASONS[0] }));
  return {
    name: `reasons ${name}`,
    text: `SELECT wanted.value AS reason,
             (SELECT count(*) FROM ${table} WHERE reason = wanted.value AND ${text}) AS count
           FROM ${wanted.text}`,
    values: [...values, ...wanted.values],
  };
}

/** For each order, the oldest of its dead letters that failed by itself. */
export function causesStatement(dialect: Dialect, orderIds: readonly string[]): Statement {
  const isWanted = dialect.isAmong('order_id', [...new Set(orderIds)]);
  return {
    name: 'causes of dead letters',
    text: `SELECT order_id AS "orderId", min(id) AS id FROM ${dialect.deadLetters('dead_letters_by_order')}
           WHERE ${isWanted.text} AND reason <> 'predecessor-failed' GROUP BY order_id`,
    values: isWanted.values,
  };
}

export function countStatement(
  dialect: Dialect,
  selection: Selection,
  { states, replayCountBelow }: Eligible,
): Statement {
  const { name, from, text, values } = selectionSource(dialect, selection, indexOf);
  const isEligible = dialect.isAmong('state', states);
  return {
    name: `count ${name}`,
    text: `SELECT count(*) AS matched, count(*) FILTER (WHERE ${isEligible.text} AND replay_count < ?) AS eligible
           FROM ${from} WHERE ${text}`,
    values: [...isEligible.values, replayCountBelow ?? LATEST, ...values],
  };
}

/** Uses an index that yields rows in id order, so that all pages of a selection together read each row once. */
export function selectionById(dialect: Dialect, selection: Selection): SelectionSource {
  return selectionSource(dialect, selection, ({ orderId, state }) => {
    if (orderId !== undefined) return 'dead_letters_by_order';
    return state === undefined ? null : 'dead_letters_in_turn';
  });
}

function selectionSource(
  dialect: Dialect,
  selection: Selection,
  index: (filter: DeadLetterFilter) => Index | null,
): SelectionSource {
  if ('ids' in selection) {
    return { name: 'ids', from: dialect.deadLetters(null), ...dialect.isAmong('id', selection.ids) };
  }
  const { reason, ...others } = selection.filter;
  if (reason === undefined || reason === 'predecessor-failed') {
    return { from: dialect.deadLetters(index(selection.filter)), ...conditionOf(selection.filter) };
  }
  const { name, text, values } = conditionOf(others);
  return {
    name: `${name} reason or queued behind`,
    from: dialect.deadLetters(index(others)),
    text: `${reasonOrQueuedBehind(dialect)} AND ${text}`,
    values: [reason, reason, ...values],
  };
}

/**
 * Condition: the record failed with this reason, or it failed because it was queued behind such a record. A replay without
 * the queued events would change the order of an order's events.
 */
function reasonOrQueuedBehind(dialect: Dialect): string {
  return `(reason = ? OR (reason = 'predecessor-failed' AND EXISTS (
    SELECT 1 FROM ${dialect.deadLetters('dead_letters_by_order', 'ahead')}
    WHERE ahead.order_id = dead_letters.order_id AND ahead.reason = ?)))`;
}

function conditionOf(filter: DeadLetterFilter): Fragment & { name: string } {
  const equal = equalIn(filter);
  const unresolved = filter.unresolved === true;
  return {
    name: [...equal.map(({ column }) => column), ...(unresolved ? ['unresolved'] : [])].join(' '),
    text: `${equal.map(({ column }) => `${column} = ? AND `).join('')}${unresolved ? `${UNRESOLVED} AND ` : ''}failed_at > ? AND failed_at < ?`,
    values: [
      ...equal.map(({ value }) => value),
      filter.failedAfter ?? EARLIEST,
      filter.failedBefore ?? LATEST,
    ],
  };
}

function equalIn(filter: DeadLetterFilter) {
  return FILTERS.flatMap(({ name, column }) => {
    const value = filter[name];
    return value === undefined ? [] : [{ column, value }];
  });
}

/** An order has few dead letters, so the index by order is best whatever the other filters are. */
function indexOf({ orderId, state, reason, unresolved }: DeadLetterFilter): Index {
  if (orderId !== undefined) return 'dead_letters_by_order';
  if (unresolved === true) {
    return reason === undefined ? 'dead_letters_unresolved' : 'dead_letters_unresolved_by_reason';
  }
  if (state !== undefined && reason !== undefined) return 'dead_letters_by_state_and_reason';
  if (state !== undefined) return 'dead_letters_by_state';
  return reason === undefined ? 'dead_letters_by_time' : 'dead_letters_by_reason';
}
