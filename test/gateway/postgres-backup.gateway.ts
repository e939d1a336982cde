import { execFile } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pMap from 'p-map';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { codeBlocks, readDocument } from '../docs/markdown.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { DebianPostgres } from './debian-postgres.ts';

t.setTimeout(180_000);

const ORDERS = 20;
const DONE = { prefer: 'wait=20' };

const postgres = await DebianPostgres.start(t);
const DATABASE_URL = `postgres://orders:secret@127.0.0.1:${postgres.port}/orders`;
const blocks = codeBlocks(readDocument('docs/deployment.md'), 'sh').filter(({ marker }) => marker === 'dump');
const [dumping, restoring, ...others] = blocks.map(({ code }) => code);
await postgres.run('postgres', `CREATE ROLE orders LOGIN PASSWORD 'secret'`);
t.ok(restoring !== undefined && others.length === 0, 'the document has one block to dump and one to restore');

/** An empty database `orders`, and the two blocks of the document. */
async function documented(t: Test) {
  await postgres.run('postgres', 'DROP DATABASE IF EXISTS orders WITH (FORCE)');
  await postgres.run('postgres', 'CREATE DATABASE orders OWNER orders');
  const folder = await temporaryFolder(t);
  const env = { ...process.env, PATH: `${postgres.programs}:${process.env.PATH ?? ''}` };
  const run = async (code = '') => {
    const typed = code
      .replaceAll('127.0.0.1:5432', `127.0.0.1:${postgres.port}`)
      .replaceAll('/tmp/', `${folder}/`);
    await promisify(execFile)('bash', ['-e', '-c', typed], { env, timeout: 60_000 });
  };
  return { folder, dump: () => run(dumping), restore: () => run(restoring) };
}

async function start(t: Test, environment: Record<string, string>) {
  const service = await ServiceProcess.start('all', { ...environment, DATABASE_URL });
  t.teardown(() => service.stop());
  return { service, client: new OrderClient(service.url) };
}

function placeMany(client: OrderClient): Promise<string[]> {
  const place = async () => {
    const { status, body } = await client.place(anOrder(), DONE);
    if (status !== 201) throw new Error(`An order was answered with ${status}.`);
    return body.id;
  };
  return pMap(Array.from({ length: ORDERS }), place, { concurrency: 10 });
}

/** '' for an order that is not stored */
async function statuses(client: OrderClient, id: string): Promise<string> {
  const { status, body } = await client.history(id);
  return status === 200 ? body.data.map(({ status }) => status).join() : '';
}

const countOrders = () => postgres.run('orders', 'SELECT count(*)::int AS orders FROM orders');

await t.test('with Kafka, a restored database gets the later orders and changes again', async (t) => {
  const { dump, restore } = await documented(t);
  const environment = kafkaEnvironment(await temporaryFolder(t));
  const first = await start(t, environment);
  const before = await placeMany(first.client);
  await dump();
  const after = await placeMany(first.client);
  for (const id of before) t.equal((await first.client.transition(id, 'preparing')).status, 202);
  t.same(await first.service.stop(), { code: 0, signal: null });

  await restore();
  t.same(await countOrders(), [{ orders: ORDERS }]);
  const { service, client } = await start(t, environment);
  const isDone = async (id: string, expected: string) => (await statuses(client, id)) === expected;
  for (const id of before) {
    await eventually(() => isDone(id, 'confirmed,preparing'), { what: `${id} to be preparing` });
  }
  for (const id of after) await eventually(() => isDone(id, 'confirmed'), { what: `${id} to be confirmed` });
  await placeMany(client);
  t.same(await countOrders(), [{ orders: 3 * ORDERS }]);
  t.same(await service.stop(), { code: 0, signal: null });
});

await t.test('with the embedded log, database and DATA_DIR are restored together', async (t) => {
  const { folder, dump, restore } = await documented(t);
  const [data, copy] = [join(folder, 'data'), join(folder, 'copy')];
  const first = await start(t, { DATA_DIR: data });
  const before = await placeMany(first.client);
  t.same(await first.service.stop(), { code: 0, signal: null });
  await dump();
  await cp(data, copy, { recursive: true });
  const second = await start(t, { DATA_DIR: data });
  await placeMany(second.client);
  t.same(await second.service.stop(), { code: 0, signal: null });

  await restore();
  await rm(data, { recursive: true });
  await cp(copy, data, { recursive: true });
  const { service, client } = await start(t, { DATA_DIR: data });
  t.same(await countOrders(), [{ orders: ORDERS }]);
  for (const id of before) t.equal(await statuses(client, id), 'confirmed');
  await placeMany(client);
  t.same(await countOrders(), [{ orders: 2 * ORDERS }]);
  t.same(await service.stop(), { code: 0, signal: null });
});
