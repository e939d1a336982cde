import { Type } from 'typebox';
import { MAX_DEAD_LETTERS_PER_SECOND } from '../../services/bulk-action.ts';
import type { DeadLetterService } from '../../services/dead-letter-service.ts';
import { untilClosed } from '../plugins/closing.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { refuseReads } from '../plugins/not-found.ts';
import { principalOf } from '../plugins/principal.ts';
import { bulkResponse, BulkBody, bulkCounts, bulkRequestOf } from '../schemas/bulk-request.ts';
import { refuseQuery } from '../schemas/query.ts';

const schema = {
  operationId: 'discardDeadLetters',
  summary: 'Discard dead letters',
  description: 'Closes them without a replay. They stay in the store and can no longer be replayed.',
  tags: ['dead letters'],
  body: BulkBody(MAX_DEAD_LETTERS_PER_SECOND),
  response: {
    200: Type.Object(
      { ...bulkCounts, discarded: Type.Integer({ minimum: 0, description: '0 in a dry run' }) },
      {
        description: 'Every match was discarded or skipped',
        examples: [{ matched: 12, replayed: 0, discarded: 12, skipped: 0 }],
      },
    ),
  },
  problems: ['store-unavailable'] as const,
};

/** @param closing aborted when the server closes: a discard stops after its current page */
export function addDiscardDeadLetters(
  scope: HttpScope,
  deadLetterService: Pick<DeadLetterService, 'discard'>,
  closing: AbortSignal,
): void {
  refuseReads(scope, '/dead-letters/discard');
  scope.post('/dead-letters/discard', { schema }, async (request, reply) => {
    refuseQuery(request);
    const discard = bulkRequestOf(request.body, principalOf(request).name, MAX_DEAD_LETTERS_PER_SECOND);
    const result = await deadLetterService.discard(discard, untilClosed(reply, closing));
    return { ...bulkResponse(result, discard), replayed: 0, discarded: result.done };
  });
}
