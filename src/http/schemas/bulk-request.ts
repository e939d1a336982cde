import { Type, type Static } from 'typebox';
import { invalidField } from '../../base/errors.ts';
import {
  MAX_DEAD_LETTERS_PER_SECOND,
  type BulkRequest,
  type BulkResult,
} from '../../services/bulk-action.ts';
import type { Selection } from '../../store/dead-letter-store.ts';
import { FilterBody, filterOf } from './dead-letter.ts';

/** The body of a replay or a discard. */
export const BulkBody = (defaultRate: number) =>
  Type.Object(
    {
      ids: Type.Optional(
        Type.Array(Type.Integer({ minimum: 1 }), {
          minItems: 1,
          maxItems: 1000,
          description: 'These dead letters. Give either `ids` or `filter`',
        }),
      ),
      filter: Type.Optional(FilterBody),
      dryRun: Type.Optional(
        Type.Boolean({ description: 'Only count what matches; ignores `afterId` and `limit`' }),
      ),
      ratePerSecond: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: MAX_DEAD_LETTERS_PER_SECOND,
          default: defaultRate,
          description: 'Dead letters per second',
        }),
      ),
      afterId: Type.Optional(Type.Integer({ minimum: 0, description: 'Only dead letters with a higher id' })),
      limit: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 1000,
          description: 'Stop after this many; the response then has a `nextAfterId`',
        }),
      ),
    },
    {
      additionalProperties: false,
      documented: { oneOf: [{ required: ['ids'] }, { required: ['filter'] }] },
      examples: [{ filter: { reason: 'retries-exhausted' }, ratePerSecond: 50 }],
    },
  );

export type BulkBody = Static<ReturnType<typeof BulkBody>>;

export const bulkCounts = {
  matched: Type.Integer({ minimum: 0 }),
  replayed: Type.Integer({ minimum: 0, description: '0 in a dry run' }),
  skipped: Type.Integer({
    minimum: 0,
    description: 'Matched, but already closed, replayed too often, or refused',
  }),
  nextAfterId: Type.Optional(
    Type.Union([Type.Integer(), Type.Null()], {
      description: 'Only with a `limit`: continue with this `afterId`; null at the end',
    }),
  ),
};

/** @throws ServiceError `validation-failed` */
export function bulkRequestOf(body: BulkBody, by: string, defaultRate: number): BulkRequest {
  const { dryRun = false, ratePerSecond = defaultRate, afterId = 0, limit } = body;
  return { selection: selectionOf(body), dryRun, ratePerSecond, afterId, limit, by };
}

function selectionOf({ ids, filter }: BulkBody): Selection {
  if (ids !== undefined && filter === undefined) return { ids };
  if (filter !== undefined && ids === undefined) return { filter: filterOf(filter, '/filter') };
  throw invalidField('', 'must have either ids or a filter');
}

/** The fields that the responses of replay and discard share. */
export function bulkResponse({ matched, skipped, nextAfterId }: BulkResult, { limit }: BulkRequest) {
  return limit === undefined ? { matched, skipped } : { matched, skipped, nextAfterId };
}
