import type { Test } from 'tap';
import { OPERATION_RULES, scopeOf, type Rule } from '../../src/auth/rules.ts';
import { SCOPES } from '../../src/auth/scopes.ts';
import { loadOrdersApi } from '../../src/grpc/orders-api.ts';
import type { ApiKeyStore } from '../../src/store/api-key-store.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder } from '../support/order-client.ts';
import type { TokenIssuer } from '../support/token-issuer.ts';
import { ALL_SCOPES, badCredentials } from './bad-credentials.ts';
import { MethodCaller, sendHttp, type KnownOrder, type Outcome } from './send-operation.ts';

export interface MatrixTarget {
  issuer: TokenIssuer;
  /** of the store of the service */
  keys: ApiKeyStore;
  replicas: { url: string; grpcAddress: string }[];
}

interface Operation {
  name: string;
  rule: Rule;
  send: (order: KnownOrder, authorization: string | undefined) => Promise<Outcome>;
}

/** The result for a caller that may use the operation, but not this order. */
const OF_ANOTHER_PARTY: Record<string, Outcome> = {
  'POST /v1/orders': 'access-denied',
  'POST /v1/orders/batch': 'access-denied',
  'GET /v1/orders': 'nothing',
  '/orders.v1.OrderService/CreateOrder': 'access-denied',
  '/orders.v1.OrderService/ListOrders': 'nothing',
  // The stream of many orders begins, but does not contain this order.
  '/orders.v1.OrderWatch/WatchOrders': 'admitted',
};

/** Sends every operation that needs credentials, with every kind of credentials that must be refused, to every replica. */
export async function runMatrix(t: Test, { issuer, keys, replicas }: MatrixTarget): Promise<void> {
  const bearer = async (claims: Record<string, unknown>) =>
    `Bearer ${await issuer.token({ claims: { scope: ALL_SCOPES, ...claims } })}`;
  const good = await bearer({});
  const order = await storedOrder(replicas, good);
  const bad = Object.entries(await badCredentials(issuer, keys));
  const others = {
    'another customer': await bearer({ customer_id: 'c-other' }),
    'another merchant': await bearer({ merchant_id: 'm-other' }),
  };
  const api = await loadOrdersApi();
  for (const [index, { url, grpcAddress }] of replicas.entries()) {
    const caller = new MethodCaller(grpcAddress, api);
    t.teardown(() => caller.close());
    const operations = protectedOperations(url, caller);
    t.ok(operations.length >= 22, `replica ${index}: ${operations.length} operations`);
    const outcomes: Record<string, Outcome> = {};
    const expected: Record<string, Outcome> = {};
    for (const { name, rule, send } of operations) {
      const check = async (what: string, authorization: string | undefined, outcome: Outcome) => {
        expected[`${name} – ${what}`] = outcome;
        outcomes[`${name} – ${what}`] = await send(order, authorization);
      };
      await Promise.all(bad.map(([what, authorization]) => check(what, authorization, 'unauthenticated')));
      const scope = scopeOf(rule);
      if (scope === undefined) continue;
      const rest = SCOPES.filter((other) => other !== scope).join(' ');
      await check('a missing scope', await bearer({ scope: rest }), 'scope-missing');
      const refusal = rule.kind === 'all' ? 'access-denied' : (OF_ANOTHER_PARTY[name] ?? 'order-not-found');
      for (const [what, authorization] of Object.entries(others)) await check(what, authorization, refusal);
    }
    t.strictSame(outcomes, expected, `${Object.keys(expected).length} requests, 0 pass`);
    t.strictSame(
      await tokensInQueries(url, order, good.slice('Bearer '.length)),
      [],
      'no token in a query is accepted',
    );
    for (const { name, send } of operations) {
      const outcome = await send(order, good);
      t.ok(['admitted', 'nothing'].includes(outcome), `${name} admits a caller that may use it: ${outcome}`);
    }
  }
}

function protectedOperations(url: string, caller: MethodCaller): Operation[] {
  const operations: Operation[] = [];
  for (const { http, grpc, rule } of OPERATION_RULES) {
    if (rule.kind === 'open') continue;
    if (http !== undefined) {
      operations.push({ name: http, rule, send: (...request) => sendHttp(url, http, ...request) });
    }
    if (grpc !== undefined)
      operations.push({ name: grpc, rule, send: (...request) => caller.send(grpc, ...request) });
  }
  return operations;
}

/** @returns the operations that accept a token in the query */
async function tokensInQueries(url: string, order: KnownOrder, token: string): Promise<string[]> {
  const accepting: string[] = [];
  for (const { http, rule } of OPERATION_RULES) {
    if (http === undefined || rule.kind === 'open') continue;
    const outcome = await sendHttp(url, http, order, undefined, `?access_token=${token}`);
    if (outcome !== 'unauthenticated') accepting.push(`${http}: ${outcome}`);
  }
  return accepting;
}

/** Places an order and waits until every replica finds it stored. */
async function storedOrder(replicas: MatrixTarget['replicas'], authorization: string): Promise<KnownOrder> {
  const placed = await fetch(`${replicas[0]?.url ?? ''}/v1/orders`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(anOrder()),
  });
  const { id } = (await placed.json()) as KnownOrder;
  for (const { url } of replicas) {
    const isStored = async () => {
      const response = await fetch(`${url}/v1/orders/${id}`, { headers: { authorization } });
      return ((await response.json()) as { status?: unknown }).status === 'confirmed';
    };
    await eventually(isStored, { what: 'the order to be stored', timeoutMs: 60_000 });
  }
  return { id };
}
