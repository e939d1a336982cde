import { Type, type Static } from 'typebox';
import { ANONYMOUS, type Principal } from '../../auth/principal.ts';
import { SCOPES } from '../../auth/scopes.ts';
import { principalOf } from '../plugins/principal.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { timestamp, Timestamp } from '../schemas/order.ts';

const PrincipalBody = Type.Object({
  name: Type.String({ description: 'As in audits; `anonymous` while authentication is off' }),
  scopes: Type.Array(Type.String(), { description: 'The scopes of the credentials' }),
  customerId: Type.Optional(
    Type.String({ description: 'The only customer whose orders the caller may use' }),
  ),
  merchantId: Type.Optional(
    Type.String({ description: 'The only merchant whose orders the caller may use' }),
  ),
  expiresAt: Type.Union([Timestamp('When the credentials end'), Type.Null()], {
    description: 'null: they do not end by themselves',
  }),
  authentication: Type.Boolean({
    description: 'false: authentication is off, and everyone may do everything',
  }),
  documentation: Type.Boolean({ description: 'Whether this service serves /docs and /openapi.json' }),
});

/** The last moment that RFC 3339 can name; a token may claim more. */
const END_OF_TIME = Date.UTC(9999, 11, 31);

const schema = {
  operationId: 'readPrincipal',
  summary: 'Read the principal of the credentials: its name, scopes and orders',
  tags: ['operations'],
  querystring: Type.Object({}, { additionalProperties: false }),
  response: { 200: PrincipalBody },
};

/** @param documentation whether /docs is served */
export function addPrincipal(scope: HttpScope, documentation: boolean): void {
  scope.get('/principal', { schema }, (request) => principalBody(principalOf(request), documentation));
}

function principalBody(principal: Principal, documentation: boolean): Static<typeof PrincipalBody> {
  const { name, scopes, access, expiresAt } = principal;
  return {
    name,
    scopes: SCOPES.filter((scope) => scopes.has(scope)),
    ...(access.kind === 'customer' ? { customerId: access.customerId } : {}),
    ...(access.kind === 'merchant' ? { merchantId: access.merchantId } : {}),
    expiresAt: expiresAt === undefined ? null : timestamp(Math.min(expiresAt, END_OF_TIME)),
    authentication: principal !== ANONYMOUS,
    documentation,
  };
}
