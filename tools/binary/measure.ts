import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceProcess } from '../support/service-process.ts';

const ORDER = {
  customerId: 'c-1',
  merchantId: 'm-1',
  currency: 'INR',
  items: [{ sku: 'tea', name: 'Tea', quantity: 1, unitPrice: 1000 }],
};

export interface StartTimes {
  /** milliseconds from the start of the process to its first 202, with an empty cache */
  first: number;
  /** the same, once its files are unpacked */
  later: number;
}

/** Starts the executable twice on a free port of this machine, with empty data. @throws Error if it does not accept an order */
export async function measureStarts(executable: string): Promise<StartTimes> {
  const folder = await mkdtemp(join(tmpdir(), 'order-system-start-'));
  try {
    const first = await timeToFirstOrder(executable, folder);
    return { first, later: await timeToFirstOrder(executable, folder) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timeToFirstOrder(executable: string, folder: string): Promise<number> {
  const startedAt = performance.now();
  const environment = { DATA_DIR: join(folder, 'data'), UNPACK_DIR: join(folder, 'cache') };
  const service = await ServiceProcess.start('all', environment, [executable]);
  try {
    const { status } = await fetch(`${service.url}/v1/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ORDER),
      signal: AbortSignal.timeout(30_000),
    });
    if (status !== 202) throw new Error(`The first order was answered with ${status}.\n${service.output}`);
    return performance.now() - startedAt;
  } finally {
    await service.stop();
  }
}
