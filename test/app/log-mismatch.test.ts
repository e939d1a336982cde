import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startService } from '../../src/app/service.ts';
import { createLogger } from '../../src/base/logger.ts';
import { loadConfig } from '../../src/config/config.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { openFile } from '../log/embedded/support.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(120_000);

const logger = createLogger('silent');

/** Starts a service on free ports; stops it, at the latest when the test ends. */
async function start(t: Test, dataDir: string, settings: Record<string, string> = {}) {
  const environment = {
    DATA_DIR: dataDir,
    PORT: '0',
    GRPC_PORT: '0',
    WORKER_THREADS: '1',
    KAFKA_PARTITIONS: '1',
    ...settings,
  };
  const service = await startService(loadConfig(environment, { role: 'all' }), logger, 'test');
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= service.stop());
  t.teardown(stop);
  return { client: new OrderClient(service.addresses.http ?? ''), stop };
}

/** Starts a service, places orders and waits until they are processed; then stops it. */
async function serve(t: Test, dataDir: string, settings: Record<string, string> = {}, orders = 8) {
  const { client, stop } = await start(t, dataDir, settings);
  const placed = await Promise.all(
    Array.from({ length: orders }, () => client.place(anOrder(), { prefer: 'wait=20' })),
  );
  await stop();
  return placed.map(({ body }) => body.id);
}

await t.test('a service refuses to start after its log was deleted', async (t) => {
  const folder = await temporaryFolder(t);
  await serve(t, folder);
  await remove('log.db', folder);
  await t.rejects(start(t, folder), {
    code: 'log-mismatch',
    message: /orders\.commands.*another event log.*main\.js accept-loss --dry-run/s,
  });
});

await t.test('a service refuses a log that is older than its store', async (t) => {
  const [folder, older] = [await temporaryFolder(t), await temporaryFolder(t)];
  await serve(t, folder);
  await copyFiles(folder, older);
  await serve(t, folder);
  await replace('log.db', folder, older);
  await t.rejects(start(t, folder), { code: 'log-mismatch', message: /the log ends at offset \d+/ });
});

await t.test('a service refuses an older log that has grown past its store', async (t) => {
  const [folder, older] = [await temporaryFolder(t), await temporaryFolder(t)];
  await serve(t, folder);
  await copyFiles(folder, older);
  await serve(t, folder);
  await serve(t, older, {}, 40);
  await replace('log.db', folder, older);
  await t.rejects(start(t, folder), { code: 'log-mismatch', message: /another record at offset \d+/ });
});

await t.test('a service refuses a store that is older than the records the log still has', async (t) => {
  const [folder, older] = [await temporaryFolder(t), await temporaryFolder(t)];
  await serve(t, folder);
  await copyFiles(folder, older);
  await serve(t, folder);
  deleteConsumed(folder);
  await replace('orders.db', folder, older);
  await t.rejects(start(t, folder), {
    code: 'log-mismatch',
    message: /offsets \d+ to \d+.*the log begins at offset \d+/,
  });
});

await t.test('a service refuses a new store if its log has deleted records', async (t) => {
  const folder = await temporaryFolder(t);
  await serve(t, folder);
  deleteConsumed(folder);
  await remove('orders.db', folder);
  await t.rejects(start(t, folder), { code: 'log-mismatch', message: /offsets 0 to/ });
});

await t.test('a new store on a log that has all its records is filled again', async (t) => {
  const folder = await temporaryFolder(t);
  const ids = await serve(t, folder);
  await remove('orders.db', folder);
  const { client } = await start(t, folder);
  for (const id of ids) t.equal((await client.get(`/v1/orders/${id}`)).status, 200);
});

await t.test('a second service with a log of its own cannot use the store of the first', async (t) => {
  const postgres = await PostgresServer.start(t);
  for (const url of [
    `sqlite:${join(await temporaryFolder(t), 'shared.db')}`,
    await postgres.createDatabase(),
  ]) {
    const [first, second] = [await temporaryFolder(t), await temporaryFolder(t)];
    const settings = { DATABASE_URL: url };
    const { stop } = await start(t, first, settings);
    await t.rejects(start(t, second, settings), { code: 'log-mismatch', message: /another event log/ });
    await stop();
    await serve(t, first, settings);
  }
});

async function copyFiles(from: string, to: string): Promise<void> {
  for (const name of await readdir(from)) await cp(join(from, name), join(to, name));
}

/** An SQLite database and the files that belong to it. */
async function remove(database: string, folder: string): Promise<void> {
  for (const end of ['', '-wal', '-shm']) await rm(join(folder, database + end), { force: true });
}

async function replace(database: string, folder: string, other: string): Promise<void> {
  await remove(database, folder);
  for (const name of await readdir(other)) {
    if (name.startsWith(database)) await cp(join(other, name), join(folder, name));
  }
}

/** What retention does once all records are old. */
function deleteConsumed(folder: string): void {
  const file = openFile(t, folder, { groupId: 'order-workers', partitions: 12 });
  const committed = file
    .topic('orders.commands')
    .partitions.map(({ number, committed }) => [number, committed ?? 0] as const);
  file.consumeFrom('orders.commands', new Map(committed));
  file.deleteDue(Date.now() + 1, Infinity);
  file.close();
}
