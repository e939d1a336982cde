import type { Scope } from './scopes.ts';

/**
 * Who may use an operation.
 * - `open`: everyone, without credentials; it tells nothing about orders
 * - `authenticated`: every principal, whatever its scopes
 * - `own`: principals with the scope, for the orders that `Principal.access` allows
 * - `all`: principals with the scope that may use all orders
 */
export type Rule =
  | { readonly kind: 'open'; readonly why: string }
  | { readonly kind: 'authenticated'; readonly allows: string }
  | { readonly kind: 'own' | 'all'; readonly scope: Scope; readonly allows: string };

export interface OperationRule {
  /** `METHOD /path` as the route is registered; GET includes HEAD. A `*` at the end: every path below */
  readonly http?: string;
  /** `/package.Service/Method`; a `*` at the end: every method of these services */
  readonly grpc?: string;
  readonly rule: Rule;
}

/** The scope that a rule asks for; undefined if none. */
export function scopeOf(rule: Rule): Scope | undefined {
  return rule.kind === 'own' || rule.kind === 'all' ? rule.scope : undefined;
}

function own(scope: Scope, allows: string): Rule {
  return { kind: 'own', scope, allows };
}

function all(scope: Scope, allows: string): Rule {
  return { kind: 'all', scope, allows };
}

function open(why: string): Rule {
  return { kind: 'open', why };
}

/** A row for every route and every gRPC method. What has no row is refused. docs/security.md shows the table. */
export const OPERATION_RULES: readonly OperationRule[] = [
  {
    http: 'POST /v1/orders',
    grpc: '/orders.v1.OrderService/CreateOrder',
    rule: own('orders:create', 'place an order'),
  },
  { http: 'POST /v1/orders/batch', rule: own('orders:create', 'place many orders; each is checked') },
  {
    http: 'GET /v1/orders/:id',
    grpc: '/orders.v1.OrderService/GetOrder',
    rule: own('orders:read', 'read an order'),
  },
  {
    http: 'GET /v1/orders',
    grpc: '/orders.v1.OrderService/ListOrders',
    rule: own('orders:read', 'list orders'),
  },
  { http: 'GET /v1/orders/:id/history', rule: own('orders:read', 'read the history of an order') },
  {
    http: 'GET /v1/orders/:id/processing',
    rule: all('dead-letters:read', 'read where an order is, and why it failed'),
  },
  {
    http: 'POST /v1/orders/:id/transitions',
    grpc: '/orders.v1.OrderService/TransitionOrder',
    rule: own('orders:transition', 'request a status; a customer may only cancel'),
  },
  { http: 'GET /v1/order-events', rule: own('orders:read', 'watch orders') },
  { grpc: '/orders.v1.OrderWatch/WatchOrder', rule: own('orders:read', 'watch an order') },
  { grpc: '/orders.v1.OrderWatch/WatchOrders', rule: own('orders:read', 'watch orders') },
  { http: 'GET /v1/retrying-orders', rule: all('dead-letters:read', 'list retrying orders') },
  { http: 'GET /v1/dead-letters', rule: all('dead-letters:read', 'list dead letters') },
  { http: 'GET /v1/dead-letters/:id', rule: all('dead-letters:read', 'read a dead letter with its payload') },
  { http: 'POST /v1/dead-letters/replay', rule: all('dead-letters:write', 'replay dead letters') },
  { http: 'POST /v1/dead-letters/discard', rule: all('dead-letters:write', 'discard dead letters') },
  { http: 'GET /v1/stats', rule: all('stats:read', 'read the figures of the service') },
  { http: 'GET /v1/partitions', rule: all('stats:read', 'list partitions with their backlog and owner') },
  { http: 'GET /v1/replicas', rule: all('stats:read', 'list the processes of the service') },
  { http: 'GET /v1/principal', rule: { kind: 'authenticated', allows: 'read who the caller is' } },
  { http: 'GET /metrics', rule: all('stats:read', 'read the metrics') },
  { http: 'GET /livez', rule: open('probes') },
  { http: 'GET /readyz', rule: open('probes; details need stats:read') },
  { grpc: '/grpc.health.v1.Health/*', rule: open('probes; tells no details') },
  { http: 'GET /', rule: open('the dashboard page, which holds no data and asks for credentials') },
  { http: 'GET /dashboard/*', rule: open('files of the dashboard') },
  { http: 'GET /openapi.json', rule: open('describes the API; off with DOCUMENTATION=false') },
  { http: 'GET /docs', rule: open('describes the API; off with DOCUMENTATION=false') },
  { http: 'GET /docs/*', rule: open('files of the documentation') },
  { grpc: '/grpc.reflection.*', rule: open('describes the API; off with DOCUMENTATION=false') },
];
