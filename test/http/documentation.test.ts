import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, InjectOptions } from 'fastify';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { ruleOf } from '../../src/auth/authorise.ts';
import { scopeOf } from '../../src/auth/rules.ts';
import { ERRORS, type ErrorCode } from '../../src/base/error-table.ts';
import { parsePosition } from '../../src/base/position.ts';
import { readIdempotencyKey } from '../../src/http/schemas/idempotency-key.ts';
import { KnownCredentials } from '../support/known-credentials.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { asObject, startHttp } from './http-under-test.ts';
import { operationsOf, readDocument, type Operation } from './openapi.ts';
import { requestWith } from './request-with.ts';

/** Every route of the contract with every status it may answer. */
const CONTRACT = {
  'post /v1/orders': '201 202 400 401 403 413 415 421 422 429 500 503 504',
  'post /v1/orders/batch': '207 400 401 403 413 415 421 429 500 503',
  'get /v1/orders/{id}': '200 304 400 401 403 404 421 429 500 503 504',
  'get /v1/orders': '200 400 401 403 421 429 500 503',
  'get /v1/orders/{id}/history': '200 400 401 403 404 421 429 500 503 504',
  'post /v1/orders/{id}/transitions': '202 400 401 403 404 409 412 413 415 421 429 500 503 504',
  'get /v1/order-events': '200 204 400 401 403 404 410 421 429 500 503 504',
  'get /v1/orders/{id}/processing': '200 400 401 403 404 421 429 500 503 504',
  'get /v1/retrying-orders': '200 400 401 403 421 429 500 503',
  'get /v1/partitions': '200 400 401 403 421 429 500 503',
  'get /v1/replicas': '200 400 401 403 421 429 500 503',
  'get /v1/stats': '200 400 401 403 421 429 500 503',
  'get /v1/principal': '200 400 401 421 429 500 503',
  'get /v1/dead-letters': '200 400 401 403 421 429 500 503',
  'get /v1/dead-letters/{id}': '200 400 401 403 404 421 429 500 503',
  'post /v1/dead-letters/replay': '200 400 401 403 413 415 421 429 500 503 504',
  'post /v1/dead-letters/discard': '200 400 401 403 413 415 421 429 500 503',
  'get /livez': '200 421',
  'get /readyz': '200 421 503',
  'get /metrics': '200 401 403 421 429 503',
};

const json = { 'content-type': 'application/json' };

const { app } = await startHttp(t);
const document = await readDocument(app);
const operations = operationsOf(document);
const v1 = operations.filter(({ path }) => path.startsWith('/v1/'));

await t.test('the document has every route of the contract with all its statuses', async (t) => {
  t.match(document, { openapi: '3.1.0', info: { title: 'order-system', version: '1.2.3' } });
  const documented = operations.map(({ name, operation }) => [
    name,
    Object.keys(asObject(operation.responses)).sort().join(' '),
  ]);
  t.strictSame(Object.fromEntries(documented), CONTRACT);
});

await t.test('every error is a problem with the codes of its status', async (t) => {
  for (const { name, operation, codes } of operations) {
    for (const [status, response] of Object.entries(asObject(operation.responses))) {
      if (Number(status) < 400 || name === 'get /readyz') continue;
      const schema = { allOf: [{ $ref: '#/components/schemas/Problem' }, {}] };
      t.match(response, { content: { 'application/problem+json': { schema } } }, `${name} ${status}`);
      const listed = codes.get(Number(status)) ?? [];
      t.equal(new Set(listed).size, listed.length, `${name} ${status}: no code twice`);
      for (const code of listed) t.equal(ERRORS[code as ErrorCode].httpStatus, Number(status), code);
    }
  }
});

await t.test('every operation has an id of its own, a summary and, for a body, an example', async (t) => {
  t.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length);
  for (const { name, operation } of operations) {
    t.match(operation, { operationId: /^\w+$/, summary: /\w/, tags: [/\w/] }, name);
    if (operation.requestBody === undefined) continue;
    t.match(operation.requestBody, { content: { 'application/json': { example: {} } } }, name);
  }
});

await t.test('headers of requests and responses are documented', async (t) => {
  const { parameters, responses } = asObject(asObject(asObject(document.paths)['/v1/orders']).post);
  t.match(parameters, [
    { in: 'header', name: 'idempotency-key', required: false },
    { in: 'header', name: 'prefer', required: false },
  ]);
  t.match(responses, { 202: { headers: { Location: {}, 'Idempotent-Replayed': {} } } });
});

await t.test('the pattern of a parameter says what its parser reads', async (t) => {
  const parsers = {
    'idempotency-key': {
      read: (text: string) => readIdempotencyKey(requestWith('Idempotency-Key', text)),
      refused: ['', ' ', 'x'.repeat(256), 'käse', '"open', '"a"b"', String.raw`"a\b"`, '""'],
    },
    position: { read: parsePosition, refused: ['', '1', '-1-2', '1-2-3', '1-2 ', '1-1234567890123456'] },
  };
  for (const [name, { read, refused }] of Object.entries(parsers)) {
    const patterns = new Set(operations.flatMap((operation) => patternsOf(operation, name)));
    t.equal(patterns.size, 1, `${name} has the same pattern everywhere`);
    for (const pattern of [...patterns].map((text) => new RegExp(text))) {
      fc.assert(fc.property(fc.stringMatching(pattern), (text) => read(text) !== undefined));
      for (const text of refused) {
        t.notMatch(text, pattern, `${name}: ${text}`);
        t.throws(() => read(text), `${name}: ${text}`);
      }
    }
  }
});

await t.test('a replay or discard has either ids or a filter', async (t) => {
  for (const action of ['replay', 'discard']) {
    const { operation } = operations.find(({ name }) => name === `post /v1/dead-letters/${action}`) ?? {};
    t.match(operation?.requestBody, {
      content: {
        'application/json': { schema: { oneOf: [{ required: ['ids'] }, { required: ['filter'] }] } },
      },
    });
  }
});

await t.test('each operation names the scope that it needs, as the rules do', async (t) => {
  const { app } = await startHttp(t, { authenticator: new KnownCredentials({}) });
  const guarded = operationsOf(await readDocument(app));
  for (const [index, { name, method, path, operation }] of operations.entries()) {
    const rule = ruleOf(`${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`);
    const scopes = rule === undefined ? [] : [scopeOf(rule) ?? []].flat();
    const isOpen = rule === undefined || rule.kind === 'open';
    const needed = isOpen ? undefined : [{ token: scopes }, { apiKey: scopes }];
    t.strictSame(guarded[index]?.operation.security, needed, name);
    t.strictSame(operation.security, needed && [{}, ...needed], `${name}, without authentication`);
  }
  t.match(document.components, {
    securitySchemes: {
      token: { type: 'http', scheme: 'bearer' },
      apiKey: { type: 'http', scheme: 'bearer' },
    },
  });
});

await t.test('without documentation, neither its pages nor the document are served', async (t) => {
  const { app } = await startHttp(t, { documentation: false });
  for (const url of ['/docs', '/docs/', '/docs/static/swagger-ui.css', '/openapi.json']) {
    t.equal((await app.inject(url)).statusCode, 404, url);
  }
  t.equal((await app.inject('/')).statusCode, 200);
  t.match(
    (await app.inject('/v1/principal')).json(),
    { documentation: false },
    'so the page hides its links',
  );
});

await t.test('every reference leads to a schema', async (t) => {
  const references = new Set(referencesIn(document));
  t.ok(references.size > 0);
  for (const reference of references) {
    let target: unknown = document;
    for (const step of reference.replace(/^#\//, '').split('/')) target = asObject(target)[step];
    t.type(target, 'object', reference);
  }
});

await t.test('each route declares what the gates in front of it answer', async (t) => {
  await t.test('while draining', async (t) => {
    const { app } = await startHttp(t, { isDraining: () => true });
    for (const operation of v1) await answers(t, app, operation, 'draining');
  });

  await t.test('over the rate limit', async (t) => {
    const { app } = await startHttp(t, { rateLimitMax: 1 });
    await app.inject('/v1/stats');
    const isProbe = ({ path }: Operation) => path === '/livez' || path === '/readyz';
    for (const operation of operations) {
      if (!isProbe(operation)) await answers(t, app, operation, 'rate-limited');
    }
  });

  await t.test('for another host', async (t) => {
    for (const operation of operations) {
      const request = requestOf(operation);
      const headers = { ...request.headers, host: 'other.example' };
      await answers(t, app, operation, 'host-not-allowed', { ...request, headers });
    }
  });

  await t.test('under overload', async (t) => {
    const { app } = await startHttp(t, { maxEventLoopDelayMs: 20 });
    let codes: unknown[] = [];
    await eventually(
      async () => {
        keepBusy(150);
        const responses = await Promise.all(v1.map((operation) => app.inject(invalidRequestOf(operation))));
        codes = responses.map((response) => response.json<{ code: string }>().code);
        return codes.every((code) => code === 'overloaded');
      },
      { what: 'every route to shed load' },
    );
    for (const { name, codes } of v1) t.ok(codes.get(503)?.includes('overloaded'), name);
  });
});

await t.test('each route declares what the parsers of a request answer', async (t) => {
  for (const operation of v1) {
    const request = requestOf(operation);
    await answers(t, app, operation, 'validation-failed', invalidRequestOf(operation));
    if (operation.path.includes('{id}')) {
      const url = request.url.replace('00000000', '%E0%A4%A');
      await answers(t, app, operation, 'bad-request', { ...request, url });
    }
    if (operation.method !== 'post') continue;
    for (const [code, headers, payload] of [
      ['malformed-json', json, '{'],
      ['unsupported-media-type', { 'content-type': 'text/plain' }, 'x'],
      ['body-too-large', { ...json, 'content-length': '5000000' }, '{}'],
      ['bad-request', { ...json, 'content-length': '7' }, '{}'],
    ] as const) {
      await answers(t, app, operation, code, { ...request, headers, payload });
    }
  }
});

await t.test('no route declares a code that no source throws', async (t) => {
  const source = fileURLToPath(new URL('../../../src/', import.meta.url));
  const declarations = [
    'base/error-table.ts',
    'base/errors.ts',
    'http/schemas/problem.ts',
    'http/plugins/documentation.ts',
  ];
  const text = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !declarations.includes(file))
    .map((file) => readFileSync(join(source, file), 'utf8').replace(/problems: \[[^\]]*\]/g, ''))
    .join('\n');
  const declared = new Set(operations.flatMap(({ codes }) => [...codes.values()].flat()));
  t.ok(declared.size > 20, `${declared.size} codes`);
  for (const code of declared) t.ok(text.includes(`'${code}'`), code);
});

await t.test('"Try it out" works twice with what Swagger UI fills in', async (t) => {
  t.equal((await app.inject('/docs')).statusCode, 200);
  t.equal((await app.inject('/docs/static/swagger-ui.css')).statusCode, 200);
  for (const { name, operation } of operations) {
    for (const parameter of (operation.parameters ?? []) as { name: string; schema: object }[]) {
      const filledIn = { ...parameter.schema, ...parameter };
      t.notOk('example' in filledIn || 'examples' in filledIn, `${name}: ${parameter.name} starts empty`);
    }
  }
  const { operation } = operations.find(({ name }) => name === 'post /v1/orders') ?? {};
  const { content } = asObject(operation?.requestBody) as { content: Record<string, { example: object }> };
  const payload = content['application/json']?.example ?? {};
  const [first, second] = [
    await app.inject({ method: 'POST', url: '/v1/orders', payload }),
    await app.inject({ method: 'POST', url: '/v1/orders', payload }),
  ];
  t.equal(first.statusCode, 202);
  t.equal(second.statusCode, 202);
  t.not(first.json<{ id: string }>().id, second.json<{ id: string }>().id);
});

async function answers(
  t: Test,
  app: FastifyInstance,
  operation: Operation,
  code: ErrorCode,
  request: InjectOptions = requestOf(operation),
): Promise<void> {
  const response = await app.inject(request);
  t.match([response.statusCode, response.json()], [ERRORS[code].httpStatus, { code }], operation.name);
  t.ok(operation.codes.get(response.statusCode)?.includes(code), `${operation.name} declares ${code}`);
}

/** A request of this operation that its gates let pass. */
function requestOf({ method, path }: Operation): InjectOptions & { url: string } {
  const url = path.replace('{id}', '00000000-0000-7000-8000-000000000000');
  return method === 'post' ? { method: 'POST', url, headers: json, payload: '{}' } : { method: 'GET', url };
}

/** One that a route refuses at once if the gates let it pass. */
function invalidRequestOf(operation: Operation): InjectOptions {
  const request = requestOf(operation);
  return { ...request, url: `${request.url}?unknown=1` };
}

function patternsOf({ operation }: Operation, name: string): string[] {
  const parameters = (operation.parameters ?? []) as { name: string; schema: { pattern?: string } }[];
  return parameters.filter((parameter) => parameter.name === name).map(({ schema }) => schema.pattern ?? '');
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, child]) =>
    name === '$ref' && typeof child === 'string' ? [child] : referencesIn(child),
  );
}

function keepBusy(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}
