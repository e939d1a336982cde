import type { IncomingMessage } from 'node:http';
import { Type } from 'typebox';
import { ServiceError } from '../../base/errors.ts';

/** For the documentation; what counts is `operatorOf`. */
export const OperatorHeader = {
  'x-operator': Type.Optional(
    Type.String({
      maxLength: 64,
      description: 'Who acts, for the audit; `http` without it',
      examples: ['ada'],
    }),
  ),
};

const PRINTABLE_ASCII = /^[\x20-\x7e]{1,64}$/;

/** Who acts, as the X-Operator header says. @throws ServiceError `bad-request` */
export function operatorOf({ headers }: IncomingMessage): string {
  const given = headers['x-operator'];
  if (given === undefined) return 'http';
  const name = String(given).trim();
  if (PRINTABLE_ASCII.test(name)) return name;
  throw new ServiceError('bad-request', 'An X-Operator header has 1 to 64 printable ASCII characters.');
}
