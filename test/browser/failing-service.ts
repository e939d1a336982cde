import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Its long texts show whether the page can break lines. */
const PROCESSOR = `export function process({ merchantId }, { TransientError }) {
  if (merchantId === 'm-retry') throw new TransientError('${'the payment provider does not answer '.repeat(4)}');
  if (merchantId === 'm-dead') throw new Error('${'x'.repeat(300)}');
  return { status: 'confirmed' };
}
`;

/**
 * A service with 28 orders: two that failed for good, one that is retried, and 25 of the merchant m-1 that are confirmed.
 * @returns its URL and the ids of one order of each of the first two kinds
 */
export async function startFailingService(t: Test): Promise<{ url: string; dead: string; retrying: string }> {
  const folder = await temporaryFolder(t);
  const processor = join(folder, 'processor.mjs');
  await writeFile(processor, PROCESSOR);
  const environment = { DATA_DIR: folder, PROCESSOR: processor, RETRY_BASE_MS: '60000' };
  const service = await ServiceProcess.start('all', environment);
  t.teardown(() => service.stop());
  const client = new OrderClient(service.url);
  const place = async (merchantId: string, customerId = 'c-1') =>
    (await client.place(anOrder({ merchantId, customerId }))).body.id;
  const dead = await place('m-dead');
  const retrying = await place('m-retry');
  await place('m-dead', 'c-2');
  for (let count = 0; count < 25; count += 1) await place('m-1', `c-${String(count)}`);
  await eventually(
    async () => (await client.get<{ data: unknown[] }>('/v1/dead-letters')).body.data.length === 2,
    { what: 'two dead letters' },
  );
  return { url: service.url, dead, retrying };
}
