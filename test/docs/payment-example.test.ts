import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { codeBlocks, readDocument } from './markdown.ts';

// Each retry of an order may wait two seconds, and the machine may be busy with other tests.
t.setTimeout(120_000);

/** What the payment service answers to the calls for a customer, one after the other; the last one stays. 0: nothing. */
const ANSWERS: Readonly<Record<string, readonly [number, ...number[]]>> = {
  'c-pays': [201],
  'c-declined': [402],
  'c-busy': [503, 409, 429, 201],
  'c-unanswered': [0, 201],
  'c-refused': [400],
};

/** customer → the idempotency keys of its calls */
const keys = new Map<string, string[]>();

async function charge(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { customer } = JSON.parse(await text(request)) as { customer: string };
  const calls = [...(keys.get(customer) ?? []), String(request.headers['idempotency-key'])];
  keys.set(customer, calls);
  const answers = ANSWERS[customer] ?? [500];
  const status = answers[calls.length - 1] ?? answers.at(-1);
  if (status !== 0) response.writeHead(status ?? 500).end('{}');
}

await t.test('the payment example of docs/api.md charges each order under one key', async (t) => {
  const folder = await temporaryFolder(t);
  const [example] = codeBlocks(readDocument('docs/api.md'), 'js');
  const module = join(folder, 'charge.mjs');
  await writeFile(module, example?.code ?? '');

  const payments = createServer((request, response) => {
    charge(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await once(payments.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => {
    payments.closeAllConnections();
    payments.close();
  });
  const { port } = payments.address() as AddressInfo;
  const service = await ServiceProcess.start('all', {
    DATA_DIR: folder,
    PROCESSOR: module,
    PROCESSOR_ENV_PAYMENTS_URL: `http://127.0.0.1:${port}`,
    PROCESSOR_TIMEOUT_MS: '2000',
    RETRY_BASE_MS: '20',
  });
  t.teardown(() => service.stop());
  const client = new OrderClient(service.url);

  const outcomes = [
    ['c-pays', 'confirmed', 1],
    ['c-declined', 'rejected', 1],
    ['c-busy', 'confirmed', 4],
    ['c-unanswered', 'confirmed', 2],
    ['c-refused', 'failed', 1],
  ] as const;
  for (const [customerId, status, calls] of outcomes) {
    const placed = await client.place(anOrder({ customerId }), { prefer: 'wait=20' });
    t.equal(placed.body.status, status, customerId);
    t.same(keys.get(customerId), Array<string>(calls).fill(placed.body.id), `${customerId}: keys`);
  }
});
