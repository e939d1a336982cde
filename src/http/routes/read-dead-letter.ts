import { Type } from 'typebox';
import { ServiceError } from '../../base/errors.ts';
import type { DeadLetterStore } from '../../store/dead-letter-store.ts';
import { exampleDeadLetter, DeadLetterBody, deadLetterBody } from '../schemas/dead-letter.ts';
import type { HttpScope } from '../schemas/http-scope.ts';
import { problems } from '../schemas/problem-responses.ts';
import { refuseQuery } from '../schemas/query.ts';

const schema = {
  operationId: 'readDeadLetter',
  summary: 'Read a dead letter with its record and what was done with it',
  tags: ['dead letters'],
  params: Type.Object({ id: Type.String({ description: 'As the list gave it' }) }),
  response: {
    200: Type.Object(DeadLetterBody.properties, {
      description: 'The dead letter',
      examples: [exampleDeadLetter],
    }),
    ...problems(400, 404, 429, 500, 503),
  },
};

export function addReadDeadLetter(scope: HttpScope, store: DeadLetterStore): void {
  scope.get('/dead-letters/:id', { schema }, async (request) => {
    refuseQuery(request);
    const { id } = request.params;
    const letter = /^[1-9]\d{0,14}$/.test(id) ? await store.find(Number(id)) : undefined;
    if (letter === undefined) {
      throw new ServiceError('dead-letter-not-found', 'Use the id of a dead letter as the list gives it.');
    }
    return deadLetterBody(letter, await store.audit(letter.id));
  });
}
