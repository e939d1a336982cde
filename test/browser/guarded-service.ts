import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/** As in the answer of GET /v1/principal. */
export interface FakePrincipal {
  name: string;
  scopes: string[];
  customerId?: string;
  merchantId?: string;
  expiresAt: string | null;
}

/** A service that asks for a token, in front of one that does not. */
export interface GuardedService {
  url: string;
  /** Changing or deleting an entry changes what later requests may do. */
  principals: Map<string, FakePrincipal>;
  /** method, path and query, and Last-Event-ID if there is one */
  requests: string[];
  /** Ends the open streams of a token, as when its key is revoked. */
  revoke(token: string): void;
}

const SCOPE_OF: [path: RegExp, scope: string][] = [
  [/^POST \/v1\/orders$/, 'orders:create'],
  [/^POST \/v1\/orders\/[^/]+\/transitions$/, 'orders:transition'],
  [/^GET \/v1\/order/, 'orders:read'],
  [/^GET \/v1\/stats/, 'stats:read'],
];

export async function startGuardedService(t: Test, target: string): Promise<GuardedService> {
  const principals = new Map<string, FakePrincipal>();
  const requests: string[] = [];
  const streams = new Map<ServerResponse, string>();

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname } = new URL(request.url ?? '/', target);
    if (!pathname.startsWith('/v1/')) {
      pass(request, response, target);
      return;
    }
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const principal = principals.get(token);
    const scope = SCOPE_OF.find(([path]) => path.test(`${request.method} ${pathname}`))?.[1] ?? '';
    if (principal === undefined || isOver(principal)) refuse(response, unauthenticated(token));
    else if (pathname === '/v1/principal') json(response, 200, { ...principal, authentication: true });
    else if (!principal.scopes.includes(scope)) refuse(response, scopeMissing(scope));
    else {
      if (pathname === '/v1/order-events') {
        streams.set(response, token);
        response.once('close', () => streams.delete(response));
      }
      pass(request, response, target);
    }
  };
  const server = createServer((request, response) => {
    const resume = request.headers['last-event-id'];
    requests.push(`${request.method} ${request.url}${typeof resume === 'string' ? ` from ${resume}` : ''}`);
    answer(request, response);
  });
  const endStreams = (isOf: (token: string) => boolean) => {
    for (const [response, token] of streams) {
      if (!isOf(token)) continue;
      streams.delete(response);
      response.end(`event: problem\ndata: ${JSON.stringify(unauthenticated(token))}\n\n`);
    }
  };
  const timer = setInterval(() => {
    endStreams((token) => isOver(principals.get(token)));
  }, 100);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => {
    clearInterval(timer);
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    principals,
    requests,
    revoke(token) {
      principals.delete(token);
      endStreams((other) => other === token);
    },
  };
}

function isOver(principal: FakePrincipal | undefined): boolean {
  const { expiresAt = null } = principal ?? {};
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now();
}

function pass(request: IncomingMessage, response: ServerResponse, target: string): void {
  const { method } = request;
  const headers: NodeJS.Dict<string | string[]> = { ...request.headers, host: new URL(target).host };
  delete headers.authorization;
  delete headers.origin;
  const upstream = forward(new URL(request.url ?? '/', target), { method, headers });
  upstream.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on('error', () => response.destroy()).pipe(response);
  });
  upstream.on('error', () => response.destroy());
  response.on('close', () => upstream.destroy());
  request.pipe(upstream);
}

function unauthenticated(token: string) {
  const detail = token === '' ? 'Send a token or an API key.' : 'The token is not valid or has expired.';
  return { title: 'The credentials are missing or not valid', status: 401, code: 'unauthenticated', detail };
}

function scopeMissing(scope: string) {
  const detail = `This needs the scope ${scope}.`;
  return { title: 'The credentials lack a scope', status: 403, code: 'scope-missing', detail };
}

function refuse(response: ServerResponse, problem: { status: number }): void {
  json(response, problem.status, problem);
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
