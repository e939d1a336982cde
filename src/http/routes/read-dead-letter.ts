import { Type } from 'typebox';
import { ServiceError } from '../../base/errors.ts';
import type { DeadLetterService } from '../../services/dead-letter-service.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { exampleDeadLetter, DeadLetterBody, deadLetterBody } from '../schemas/dead-letter.ts';
import { refuseQuery } from '../schemas/query.ts';

const schema = {
  operationId: 'readDeadLetter',
  summary: 'Read a dead letter with its record and audit trail',
  tags: ['dead letters'],
  params: Type.Object({ id: Type.String({ description: 'From the list' }) }),
  response: {
    200: Type.Object(DeadLetterBody.properties, {
      description: 'The dead letter',
      examples: [exampleDeadLetter],
    }),
  },
  problems: ['dead-letter-not-found', 'store-unavailable'] as const,
};

export function addReadDeadLetter(
  scope: HttpScope,
  deadLetterService: Pick<DeadLetterService, 'find' | 'audit'>,
): void {
  scope.get('/dead-letters/:id', { schema }, async (request) => {
    refuseQuery(request);
    const { id } = request.params;
    const deadLetter = /^[1-9]\d{0,14}$/.test(id) ? await deadLetterService.find(Number(id)) : undefined;
    if (deadLetter === undefined) {
      throw new ServiceError('dead-letter-not-found', 'Use an id from the list of dead letters.');
    }
    return deadLetterBody(deadLetter, await deadLetterService.audit(deadLetter.id));
  });
}
