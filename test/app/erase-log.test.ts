import { join } from 'node:path';
import t from 'tap';
import { askToEraseLog } from '../../src/app/backup/ask-service.ts';
import { controlSocketPath } from '../../src/app/backup/protocol.ts';
import { startService } from '../../src/app/service.ts';
import { createLogger } from '../../src/base/logger.ts';
import { loadConfig } from '../../src/config/config.ts';
import { openWriter } from '../../src/store/sqlite/connection.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

await t.test('requests are answered while an erasure waits for another writer', async (t) => {
  const dataDir = await temporaryFolder(t);
  const settings = { DATA_DIR: dataDir, PORT: '0', GRPC_PORT: '0', WORKER_THREADS: '1' };
  const service = await startService(loadConfig(settings, { role: 'all' }), createLogger('silent'), 'test');
  t.teardown(() => service.stop());
  const client = new OrderClient(String(service.addresses.http));
  await client.place(anOrder({ customerId: 'c-7' }), { prefer: 'wait=10' });

  const writer = openWriter(join(dataDir, 'orders.db'));
  writer.exec('BEGIN IMMEDIATE');
  const timer = setTimeout(() => writer.exec('COMMIT'), 300);
  t.teardown(() => {
    clearTimeout(timer);
    writer.close();
  });
  let longestMs = 0;
  let last = performance.now();
  const ticks = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - last);
    last = performance.now();
  }, 10);
  t.teardown(() => clearInterval(ticks));

  const request = { command: 'erase-log', customerId: 'c-7', pseudonym: 'erased-1' } as const;
  const erasure = { ...request, orderIds: [], rewrite: false };
  t.equal(await askToEraseLog(controlSocketPath(dataDir), erasure, () => undefined), 1);
  t.ok(longestMs < 600, `the thread that answers requests was blocked for ${Math.round(longestMs)} ms`);
});
