import t from 'tap';
import { authorise, requireRule, ruleOf } from '../../src/auth/authorise.ts';
import { ANONYMOUS } from '../../src/auth/principal.ts';
import { OPERATION_RULES, scopeOf } from '../../src/auth/rules.ts';
import type { Scope } from '../../src/auth/scopes.ts';
import type { OrderAccess } from '../../src/order/access.ts';
import { aPrincipal } from '../support/known-credentials.ts';

const customer: OrderAccess = { kind: 'customer', customerId: 'c-1' };
const merchant: OrderAccess = { kind: 'merchant', merchantId: 'm-1' };
const operations = OPERATION_RULES.flatMap(({ http, grpc, rule }) =>
  [http, grpc].flatMap((operation) => (operation === undefined ? [] : [{ operation, rule }])),
);

function withScopes(scopes: Scope[], access?: OrderAccess) {
  return aPrincipal({ scopes: new Set(scopes), ...(access === undefined ? {} : { access }) });
}

await t.test('each operation needs the scope of its row, and no other', (t) => {
  for (const { operation, rule } of operations) {
    const scope = scopeOf(rule);
    if (scope === undefined) {
      t.equal(authorise(operation, withScopes([])), undefined, operation);
      continue;
    }
    t.equal(authorise(operation, withScopes([scope])), undefined, operation);
    const others = [...ANONYMOUS.scopes].filter((other) => other !== scope);
    const refused = authorise(operation, withScopes(others));
    t.match(refused, { code: 'scope-missing', message: new RegExp(scope) }, operation);
  }
  t.end();
});

await t.test('a customer or merchant may use no operation that needs access to all orders', (t) => {
  for (const { operation, rule } of operations) {
    for (const access of [customer, merchant]) {
      const refused = authorise(operation, aPrincipal({ access }));
      t.equal(refused?.code, rule.kind === 'all' ? 'access-denied' : undefined, operation);
    }
  }
  t.end();
});

await t.test('an operation without a row is refused, and fails a start', (t) => {
  for (const operation of ['GET /v2/orders', 'PUT /v1/orders', '/orders.v1.OrderService/DeleteOrder', '']) {
    t.match(authorise(operation, ANONYMOUS), { code: 'access-denied' }, operation);
    t.throws(() => requireRule(operation), { code: 'internal', message: /src\/auth\/rules\.ts/ }, operation);
  }
  t.end();
});

await t.test('a row that ends with * is for all operations that begin like it, and for no others', (t) => {
  for (const operation of [
    'GET /docs/static/a.css',
    '/grpc.health.v1.Health/Check',
    '/grpc.reflection.v1.S/M',
  ]) {
    t.match(ruleOf(operation), { kind: 'open' }, operation);
  }
  for (const operation of ['GET /documents', 'POST /docs/a', '/grpc.health.v1.Healthy/Check']) {
    t.equal(ruleOf(operation), undefined, operation);
  }
  t.end();
});

await t.test('while authentication is off, everyone may do everything', (t) => {
  for (const { operation } of operations) t.equal(authorise(operation, ANONYMOUS), undefined, operation);
  t.end();
});
