import type { IncomingMessage } from 'node:http';
import { Type } from 'typebox';
import { ServiceError } from '../../base/errors.ts';

/** Documentation only; `operatorOf` checks the header. */
export const OperatorHeader = {
  'x-operator': Type.Optional(
    Type.String({
      // Surrounding spaces do not count.
      pattern: '^[\\x21-\\x7e]([\\x20-\\x7e]{0,62}[\\x21-\\x7e])?$',
      description: 'The name of the operator for the audit, e.g. `ada`; `http` if absent',
    }),
  ),
};

const PRINTABLE_ASCII = /^[\x20-\x7e]{1,64}$/;

/** The name in the X-Operator header. @throws ServiceError `bad-request` */
export function operatorOf({ headers }: IncomingMessage): string {
  const header = headers['x-operator'];
  if (header === undefined) return 'http';
  const name = String(header).trim();
  if (PRINTABLE_ASCII.test(name)) return name;
  throw new ServiceError('bad-request', 'An X-Operator header must have 1 to 64 printable ASCII characters.');
}
