import { Type } from 'typebox';
import type { DeadLetterService } from '../../services/dead-letter-service.ts';
import { MAX_REFUSED_LISTED } from '../../services/bulk-action.ts';
import { untilClosed } from '../plugins/closing.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { refuseReads } from '../plugins/not-found.ts';
import { principalOf } from '../plugins/principal.ts';
import { bulkResponse, BulkBody, bulkCounts, bulkRequestOf } from '../schemas/bulk-request.ts';
import { APPEND_PROBLEMS } from '../schemas/problem.ts';
import { refuseQuery } from '../schemas/query.ts';

/** Dead letters per second; low, because replays and live orders share the pipeline. */
const DEFAULT_RATE = 100;

const schema = {
  operationId: 'replayDeadLetters',
  summary: 'Replay dead letters',
  description:
    'Appends their records to the event log again, byte for byte, in the order in which they failed. Each dead letter ' +
    'then shows in its `state` how its replay went. Responds when all are sent; stops early if the caller disconnects. ' +
    'One that the event log refuses for good, because it is too large for example, is skipped with the later ones of its ' +
    'order. ' +
    'Safe to repeat.',
  tags: ['dead letters'],
  body: BulkBody(DEFAULT_RATE),
  response: {
    200: Type.Object(
      {
        ...bulkCounts,
        refused: Type.Optional(
          Type.Array(Type.Object({ id: Type.Integer(), reason: Type.String() }), {
            maxItems: MAX_REFUSED_LISTED,
            description:
              'The first of the skipped dead letters that cannot be replayed, and why; the `audit` of each says it too',
          }),
        ),
      },
      {
        description: 'Every match was replayed or skipped',
        examples: [{ matched: 12, replayed: 11, skipped: 1 }],
      },
    ),
  },
  problems: ['store-unavailable', ...APPEND_PROBLEMS] as const,
};

/** @param closing aborted when the server closes: a replay stops after its current page */
export function addReplayDeadLetters(
  scope: HttpScope,
  deadLetterService: Pick<DeadLetterService, 'replay'>,
  closing: AbortSignal,
): void {
  refuseReads(scope, '/dead-letters/replay');
  scope.post('/dead-letters/replay', { schema }, async (request, reply) => {
    refuseQuery(request);
    const replay = bulkRequestOf(request.body, principalOf(request).name, DEFAULT_RATE);
    const result = await deadLetterService.replay(replay, untilClosed(reply, closing));
    const { done, refused } = result;
    const response = { ...bulkResponse(result, replay), replayed: done };
    return refused.length === 0 ? response : { ...response, refused };
  });
}
