import { Type } from 'typebox';
import type { DeadLetterService } from '../../services/dead-letter-service.ts';
import { Cursor, DEFAULT_PAGE_SIZE, PageSize } from '../../services/list-query.ts';
import {
  EntryBody,
  entryBody,
  exampleEntry,
  listFilterOf,
  listFilterProperties,
} from '../schemas/dead-letter.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { pageReaderOf, type PageReaderDependencies } from '../schemas/page-reader.ts';

const schema = {
  operationId: 'listDeadLetters',
  summary: 'List dead letters, newest failure first',
  tags: ['dead letters'],
  querystring: Type.Object(
    {
      ...listFilterProperties,
      limit: PageSize,
      cursor: Cursor('The `nextCursor` of the previous page'),
    },
    { additionalProperties: false },
  ),
  response: {
    200: Type.Object(
      {
        data: Type.Array(EntryBody),
        reasons: Type.Record(Type.String(), Type.Integer(), {
          description: 'How many match in total, by reason',
        }),
        nextCursor: Type.Union([Type.String(), Type.Null()], {
          description: 'null on the last page. An earlier page may be short: it ends before 1 MiB.',
        }),
      },
      {
        description: 'A page of dead letters',
        examples: [{ data: [exampleEntry], reasons: { 'retries-exhausted': 1 }, nextCursor: null }],
      },
    ),
  },
  problems: ['cursor-invalid', 'store-unavailable'] as const,
};

export function addListDeadLetters(
  scope: HttpScope,
  deadLetterService: Pick<DeadLetterService, 'list' | 'reasons'>,
  dependencies: PageReaderDependencies,
): void {
  scope.get('/dead-letters', { schema }, async ({ query, raw }) => {
    const { limit = DEFAULT_PAGE_SIZE, cursor, ...filters } = query;
    const filter = listFilterOf(filters);
    const { data, nextCursor } = await deadLetterService.list(
      { ...filter, limit, cursor },
      pageReaderOf(raw, dependencies),
    );
    return { data: data.map(entryBody), reasons: await deadLetterService.reasons(filter), nextCursor };
  });
}
