import type { FastifyReply } from 'fastify';
import { Type, type Static } from 'typebox';
import { ServiceError } from '../../base/errors.ts';
import {
  MAX_DEAD_LETTERS_PER_SECOND,
  type BulkResult,
  type BulkRequest,
} from '../../services/bulk-action.ts';
import type { DeadLetters } from '../../services/dead-letters.ts';
import type { Selection } from '../../store/dead-letter-store.ts';
import { FilterBody, filterOf } from '../schemas/dead-letter.ts';
import type { HttpScope } from '../schemas/http-scope.ts';
import { OperatorHeader, operatorOf } from '../schemas/operator.ts';
import { problems } from '../schemas/problem-responses.ts';
import { refuseQuery } from '../schemas/query.ts';

/** Letters a second, when nothing else is asked for: a replay is work for the pipeline, a discard is none. */
const DEFAULT_REPLAY_RATE = 100;
const DEFAULT_DISCARD_RATE = MAX_DEAD_LETTERS_PER_SECOND;

const Wish = (defaultRate: number) =>
  Type.Object(
    {
      ids: Type.Optional(
        Type.Array(Type.Integer({ minimum: 1 }), {
          minItems: 1,
          maxItems: 1000,
          description: 'These; either ids or a filter',
        }),
      ),
      filter: Type.Optional(FilterBody),
      dryRun: Type.Optional(
        Type.Boolean({ description: 'Only count; `afterId` and `limit` are left out of account' }),
      ),
      ratePerSecond: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: MAX_DEAD_LETTERS_PER_SECOND,
          default: defaultRate,
          description: 'Letters',
        }),
      ),
      afterId: Type.Optional(Type.Integer({ minimum: 0, description: 'Only letters with a higher id' })),
      limit: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 1000,
          description: 'Letters to go through; then `nextAfterId` is answered',
        }),
      ),
    },
    {
      additionalProperties: false,
      examples: [{ filter: { reason: 'retries-exhausted' }, ratePerSecond: 50 }],
    },
  );

type Wish = Static<ReturnType<typeof Wish>>;

const counts = {
  matched: Type.Integer({ minimum: 0 }),
  replayed: Type.Integer({ minimum: 0, description: '0 in a dry run' }),
  skipped: Type.Integer({ minimum: 0, description: 'Passed over: settled already, or replayed too often' }),
  nextAfterId: Type.Optional(
    Type.Union([Type.Integer(), Type.Null()], {
      description: 'With a `limit`: the `afterId` to go on with, null when all are through',
    }),
  ),
};

const replaySchema = {
  operationId: 'replayDeadLetters',
  summary: 'Send dead letters to the event log again',
  description:
    'In the order in which they failed, key and value byte for byte. What becomes of them shows in their states. It ' +
    'answers when all are sent, and ends early when the caller goes away; to repeat it is safe.',
  tags: ['dead letters'],
  requestHeaders: Type.Object(OperatorHeader),
  body: Wish(DEFAULT_REPLAY_RATE),
  response: {
    200: Type.Object(counts, {
      description: 'All that matched were sent or skipped',
      examples: [{ matched: 12, replayed: 11, skipped: 1 }],
    }),
    ...problems(400, 413, 415, 429, 500, 503, 504),
  },
};

const discardSchema = {
  operationId: 'discardDeadLetters',
  summary: 'Give dead letters up',
  description: 'They are kept, and no replay takes them any more.',
  tags: ['dead letters'],
  requestHeaders: Type.Object(OperatorHeader),
  body: Wish(DEFAULT_DISCARD_RATE),
  response: {
    200: Type.Object(
      { ...counts, discarded: Type.Integer({ minimum: 0, description: '0 in a dry run' }) },
      {
        description: 'All that matched were discarded or skipped',
        examples: [{ matched: 12, replayed: 0, discarded: 12, skipped: 0 }],
      },
    ),
    ...problems(400, 413, 415, 429, 500, 503),
  },
};

/** @param closing aborted when the server closes: what goes on ends after the page in hand */
export function addActsOnDeadLetters(scope: HttpScope, letters: DeadLetters, closing: AbortSignal): void {
  scope.post('/dead-letters/replay', { schema: replaySchema }, async (request, reply) => {
    refuseQuery(request);
    const wish = wishOf(request.body, operatorOf(request.raw), DEFAULT_REPLAY_RATE);
    const { done, ...run } = await letters.replay(wish, AbortSignal.any([closing, goneSignal(reply)]));
    return { ...answer(run, wish), replayed: done };
  });
  scope.post('/dead-letters/discard', { schema: discardSchema }, async (request, reply) => {
    refuseQuery(request);
    const wish = wishOf(request.body, operatorOf(request.raw), DEFAULT_DISCARD_RATE);
    const { done, ...run } = await letters.discard(wish, AbortSignal.any([closing, goneSignal(reply)]));
    return { ...answer(run, wish), replayed: 0, discarded: done };
  });
}

function answer({ matched, skipped, nextAfterId }: Omit<BulkResult, 'done'>, { limit }: BulkRequest) {
  return limit === undefined ? { matched, skipped } : { matched, skipped, nextAfterId };
}

function wishOf(body: Wish, by: string, defaultRate: number): BulkRequest {
  const { dryRun = false, ratePerSecond = defaultRate, afterId = 0, limit } = body;
  return { selection: selectionOf(body), dryRun, ratePerSecond, afterId, limit, by };
}

function selectionOf({ ids, filter }: Wish): Selection {
  if (ids !== undefined && filter === undefined) return { ids };
  if (filter !== undefined && ids === undefined) return { filter: filterOf(filter, '/filter') };
  const detail = 'must have either ids or a filter';
  throw new ServiceError('validation-failed', `The body ${detail}`, { errors: [{ pointer: '', detail }] });
}

/** Aborted when the connection goes away, and when the answer is sent, which harms nobody. */
function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  return gone.signal;
}
