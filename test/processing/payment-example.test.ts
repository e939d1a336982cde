import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { Attempt } from '../../src/processing/outcome.ts';
import { loadProcessor } from '../../src/processing/processor.ts';
import { anOrder } from '../support/order-client.ts';

const EXAMPLE = new URL('../../../examples/payment-processor.js', import.meta.url).pathname;
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

interface Charge {
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: unknown;
}

/** A payment service that answers with `status`; without one it does not answer at all. */
async function startPayments(t: Test) {
  const service = { url: '', status: 201 as number | undefined, charges: [] as Charge[] };
  const server = createServer((request, response) => {
    const answer = (body: unknown) => {
      service.charges.push({ path: request.url, headers: request.headers, body });
      if (service.status !== undefined) response.writeHead(service.status).end('{}');
    };
    json(request).then(answer, () => response.destroy());
  });
  const close = () => {
    server.closeAllConnections();
    if (server.listening) server.close();
  };
  t.teardown(close);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  service.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { service, close };
}

function attemptFor(orderId: string, attempt: number, traceparent?: string): Attempt {
  const order = { ...anOrder(), total: 50_000 };
  return {
    command: { kind: 'place', eventId: 'e', orderId, time: 1_000, order, traceparent },
    attempt,
    partition: 0,
  };
}

await t.test('the payment example', async (t) => {
  const { service, close } = await startPayments(t);
  const lines: string[] = [];
  const logger = pino({ base: null }, { write: (line) => lines.push(line) });
  // A copy, since Node would remember that the example itself failed to load.
  const copy = join(t.testdir(), 'payment-processor.mjs');
  await copyFile(EXAMPLE, copy);
  await t.rejects(loadProcessor(copy, { timeoutMs: 500, logger }), {
    message: /Set PROCESSOR_ENV_PAYMENTS_URL/,
  });
  process.env.PAYMENTS_URL = service.url;
  const calls = await loadProcessor(EXAMPLE, { timeoutMs: 500, logger });
  const charge = async (attempt = 1, traceparent?: string) =>
    (await calls.run([attemptFor('o-1', attempt, traceparent)])).get('o-1');

  await t.test('confirms a charged order; every attempt sends the same key', async (t) => {
    t.match(await charge(1, TRACEPARENT), { status: 'confirmed' });
    t.match(await charge(2), { status: 'confirmed' });
    const [first, second] = service.charges;
    t.match(first, {
      path: '/charges',
      headers: { 'idempotency-key': 'o-1', traceparent: TRACEPARENT, 'content-type': 'application/json' },
      body: { amount: 50_000, currency: 'INR', customer: 'c-123' },
    });
    t.match(second, { headers: { 'idempotency-key': 'o-1' } });
    t.notOk(second?.headers.traceparent);
  });

  await t.test('rejects an order whose payment is declined', async (t) => {
    service.status = 402;
    const reason = 'The payment was declined.';
    t.match(await charge(), { status: 'rejected', reason });
    t.match(
      lines.slice(-2).map((line): unknown => JSON.parse(line)),
      [
        { orderId: 'o-1', attempt: 1, status: 402 },
        { orderId: 'o-1', reason },
      ],
    );
  });

  await t.test('retries while the payment service fails, is busy, or does not answer in time', async (t) => {
    for (const status of [500, 503, 409, 429, undefined]) {
      service.status = status;
      t.match(await charge(), { status: 'retry' }, String(status));
    }
  });

  await t.test('fails the order when the payment service refuses the request itself', async (t) => {
    service.status = 400;
    t.match(await charge(), { status: 'failed', reason: 'The payment service refused the charge with 400.' });
  });

  await t.test('retries while there is no connection', async (t) => {
    close();
    const reason = /^The payment service did not answer: fetch failed: .*ECONNREFUSED/;
    t.match(await charge(), { status: 'retry', reason });
  });
});
