import t from 'tap';
import { asObject, startHttp } from './http-under-test.ts';

/** Every route of the contract with every status it may answer. */
const CONTRACT: Record<string, string[]> = {
  'post /v1/orders': ['201', '202', '400', '413', '415', '422', '429', '500', '503', '504'],
  'post /v1/orders/batch': ['207', '400', '413', '415', '429', '500', '503'],
  'get /v1/orders/{id}': ['200', '304', '400', '404', '429', '500', '503'],
  'get /v1/orders': ['200', '400', '429', '500', '503'],
  'get /v1/orders/{id}/history': ['200', '400', '404', '429', '500', '503'],
  'post /v1/orders/{id}/transitions': [
    '202',
    '400',
    '404',
    '409',
    '412',
    '413',
    '415',
    '429',
    '500',
    '503',
    '504',
  ],
  'get /v1/order-events': ['200', '204', '400', '404', '410', '429', '500', '503'],
  'get /v1/stats': ['200', '400', '429', '500', '503'],
  'get /v1/dead-letters': ['200', '400', '429', '500', '503'],
  'get /v1/dead-letters/{id}': ['200', '400', '404', '429', '500', '503'],
  'post /v1/dead-letters/replay': ['200', '400', '413', '415', '429', '500', '503', '504'],
  'post /v1/dead-letters/discard': ['200', '400', '413', '415', '429', '500', '503'],
  'get /livez': ['200'],
  'get /readyz': ['200', '503'],
  'get /metrics': ['200'],
};

await t.test('the OpenAPI document is complete', async (t) => {
  const { app } = await startHttp(t);
  const response = await app.inject('/openapi.json');
  t.equal(response.statusCode, 200);
  const document = response.json<Record<string, unknown>>();

  t.match(document, { openapi: '3.1.0', info: { title: 'order-system', version: '1.2.3' } });

  await t.test('with every route of the contract and all its statuses', async (t) => {
    const documented = Object.fromEntries(
      operationsOf(document).map(({ name, operation }) => [
        name,
        Object.keys(asObject(operation.responses)).sort(),
      ]),
    );
    t.strictSame(documented, CONTRACT);
  });

  await t.test('with a problem document for every error', async (t) => {
    for (const { name, operation } of operationsOf(document)) {
      for (const [status, answer] of Object.entries(asObject(operation.responses))) {
        if (Number(status) < 400 || name === 'get /readyz') continue;
        t.match(
          answer,
          { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
          `${name} ${status}`,
        );
      }
    }
  });

  await t.test('with an id of its own and a summary for every operation', async (t) => {
    const operations = operationsOf(document).map(({ operation }) => operation);
    t.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
    for (const operation of operations)
      t.match(operation, { operationId: /^\w+$/, summary: /\w/, tags: [/\w/] });
  });

  await t.test('with an example of every body', async (t) => {
    for (const { name, operation } of operationsOf(document)) {
      if (operation.requestBody !== undefined) {
        t.match(operation.requestBody, { content: { 'application/json': { example: {} } } }, name);
      }
    }
  });

  await t.test('with the headers that count', async (t) => {
    const headers = asObject(asObject(document.paths)['/v1/orders']);
    const { parameters, responses } = asObject(headers.post);
    t.match(parameters, [
      { in: 'header', name: 'idempotency-key', required: false },
      { in: 'header', name: 'prefer', required: false },
    ]);
    t.match(responses, { 202: { headers: { Location: {}, 'Idempotent-Replayed': {} } } });
  });

  await t.test('with references that lead somewhere', async (t) => {
    const references = referencesIn(document);
    t.ok(references.length > 0);
    for (const reference of new Set(references)) {
      let target: unknown = document;
      for (const step of reference.replace(/^#\//, '').split('/')) target = asObject(target)[step];
      t.type(target, 'object', reference);
    }
  });
});

await t.test('Swagger UI is served', async (t) => {
  const { app } = await startHttp(t);
  const response = await app.inject('/docs');
  t.equal(response.statusCode, 200);
  t.match(response.headers['content-type'], /^text\/html/);
  t.equal((await app.inject('/docs/static/swagger-ui.css')).statusCode, 200);
});

function operationsOf(document: Record<string, unknown>) {
  return Object.entries(asObject(document.paths)).flatMap(([path, methods]) =>
    Object.entries(asObject(methods)).map(([method, operation]) => ({
      name: `${method} ${path}`,
      operation: asObject(operation),
    })),
  );
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, child]) =>
    name === '$ref' && typeof child === 'string' ? [child] : referencesIn(child),
  );
}
