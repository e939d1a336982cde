import { ENTRY_COLUMNS, PAYLOAD_COLUMNS } from '../dead-letter-rows.ts';
import type { DeadLetterFilter, DeadLetterQuery, Eligible, Selection } from '../dead-letter-store.ts';
import { DEAD_LETTER_REASONS } from '../dead-letter.ts';
import { EARLIEST, LATEST } from '../keyset-bounds.ts';
import { keysetStatement } from './keyset.ts';
import type { Statement } from './statement.ts';

const FILTERS = [
  { name: 'orderId', column: 'order_id' },
  { name: 'state', column: 'state' },
  { name: 'reason', column: 'reason' },
] as const;

/** A page, newest failure first. @throws ServiceError `cursor-invalid` */
export function listStatement(query: DeadLetterQuery): Statement {
  return keysetStatement(
    {
      name: 'list-dead-letters',
      columns: ENTRY_COLUMNS,
      table: 'dead_letters',
      equal: given(query).map(({ name, column }) => ({ column, value: query[name] ?? null })),
      time: 'failed_at',
      key: 'id',
    },
    { after: query.failedAfter, before: query.failedBefore, cursor: query.cursor, limit: query.limit },
  );
}

/** One count a reason, each a range of one index: no row is read, and nothing is sorted to be grouped. */
export function reasonsStatement(filter: DeadLetterFilter): Statement {
  const { reason, ...others } = filter;
  const condition = conditionOf(others, 1);
  return {
    name: `reasons ${condition.name}`,
    text: `SELECT asked.reason, found.letters FROM unnest($1::text[]) AS asked (reason) CROSS JOIN LATERAL (
             SELECT count(*) AS letters FROM dead_letters
             WHERE dead_letters.reason = asked.reason AND ${condition.text}) AS found`,
    values: [reason === undefined ? DEAD_LETTER_REASONS : [reason], ...condition.values],
  };
}

export function countStatement(selection: Selection, { states, replayCountBelow }: Eligible): Statement {
  const condition = selectionOf(selection, 2);
  return {
    name: `count ${condition.name}`,
    text: `SELECT count(*) AS matched,
             count(*) FILTER (WHERE state = ANY($1::text[]) AND replay_count < $2::bigint) AS eligible
           FROM dead_letters WHERE ${condition.text}`,
    values: [states, replayCountBelow ?? LATEST, ...condition.values],
  };
}

/**
 * In turn, so that all pages together look at each letter of the selection, or of its state, once. It ends with the letter
 * that makes it `maxBytes` large.
 */
export function selectStatement(
  selection: Selection,
  page: { afterId: number; limit: number; maxBytes: number },
): Statement {
  const condition = selectionOf(selection, 3);
  return {
    name: `select ${condition.name}`,
    text: `SELECT ${PAYLOAD_COLUMNS} FROM (
             SELECT *, sum(bytes) OVER (ORDER BY id) - bytes AS bytes_before FROM (
               SELECT *, coalesce(octet_length(key), 0) + coalesce(octet_length(value), 0) AS bytes
               FROM dead_letters WHERE ${condition.text} AND id > $1 ORDER BY id LIMIT $2) AS next) AS page
           WHERE bytes_before < $3::bigint ORDER BY id`,
    values: [page.afterId, page.limit, page.maxBytes, ...condition.values],
  };
}

/** A condition whose first parameter comes after so many others; its name tells it from all others. */
interface Condition {
  name: string;
  text: string;
  values: unknown[];
}

function selectionOf(selection: Selection, before: number): Condition {
  if (!('filter' in selection)) {
    return { name: 'ids', text: `id = ANY($${before + 1}::bigint[])`, values: [selection.ids] };
  }
  const { reason, ...others } = selection.filter;
  if (reason === undefined || reason === 'predecessor-failed') return conditionOf(selection.filter, before);
  const { name, text, values } = conditionOf(others, before + 1);
  return {
    name: `${name} so-or-behind`,
    text: `${failedSoOrBehind(`$${before + 1}`)} AND ${text}`,
    values: [reason, ...values],
  };
}

/**
 * What failed for a reason, and what failed because it stood behind that: were an order replayed without the events that
 * had waited behind it, later ones would overtake them.
 */
function failedSoOrBehind(reason: string): string {
  return `(reason = ${reason} OR (reason = 'predecessor-failed' AND EXISTS (
    SELECT 1 FROM dead_letters AS ahead WHERE ahead.order_id = dead_letters.order_id AND ahead.reason = ${reason})))`;
}

function conditionOf(filter: DeadLetterFilter, before: number): Condition {
  const asked = given(filter);
  const equal = asked.map(({ column }, index) => `${column} = $${before + 3 + index} AND `).join('');
  return {
    name: asked.map(({ column }) => column).join(' '),
    text: `${equal}failed_at > $${before + 1} AND failed_at < $${before + 2}`,
    values: [
      filter.failedAfter ?? EARLIEST,
      filter.failedBefore ?? LATEST,
      ...asked.map(({ name }) => filter[name]),
    ],
  };
}

function given(filter: DeadLetterFilter) {
  return FILTERS.filter(({ name }) => filter[name] !== undefined);
}
