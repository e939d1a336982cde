import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Client, DatabaseError } from 'pg';
import t, { type Test } from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import { PostgresConnection } from '../../../src/store/postgres/connection.ts';
import { openBatchStore, openReader } from '../../../src/store/open/open-store.ts';
import { migrate } from '../../../src/store/open/migrate.ts';
import { PostgresPool } from '../../../src/store/postgres/pool.ts';
import { translateErrors } from '../../../src/store/postgres/errors.ts';
import type { PostgresTarget } from '../../../src/store/target.ts';
import { createWriteLock } from '../../../src/store/sqlite/write-lock.ts';
import { silent } from '../sqlite/make-store.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { PostgresServer, targetOf } from '../../../tools/support/postgres.ts';
import { apply, place, TOPIC } from '../batch.ts';
import { storeUnderTest } from './make-store.ts';

t.setTimeout(300_000);

const server = await PostgresServer.start(t);

const UNAVAILABLE = { code: 'store-unavailable', transient: true };

await t.test('every SQLSTATE becomes an error of the port', async (t) => {
  const expected = {
    'store-refused': ['22021', '22003', '23505', '23514', '23502', '54000'],
    'progress-conflict': ['OS001'],
    'store-unavailable': [
      ...['08006', '57P01', '57P02', '57P03', '57014', '53100', '53200', '53300', '40001', '40P01'],
      ...['55P03', '25006', '28P01', '3D000', '42P01', '58030', 'XX001'],
    ],
  };
  for (const [code, states] of Object.entries(expected)) {
    for (const state of states) await t.rejects(translateErrors(failing(state)), { code }, state);
  }
  await t.rejects(
    translateErrors(failing('42601')),
    { name: 'error', code: '42601' },
    'a defect stays as it is',
  );
  await t.rejects(translateErrors(failing('23505', 'orders_pkey')), { code: 'progress-conflict' });
  await t.rejects(translateErrors(failing('23505', 'dead_letters_pkey')), { code: 'store-refused' });
  await t.rejects(
    translateErrors(() => Promise.reject(new Error('Query read timeout'))),
    UNAVAILABLE,
  );
  await t.rejects(
    translateErrors(() => Promise.reject(new TypeError('a defect'))),
    TypeError,
  );
});

await t.test('a server that ends right after it has accepted a connection fails only the read', async (t) => {
  const message = (type: string, body: Buffer) => {
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const fields = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection due to administrator command', ''];
  const answer = Buffer.concat([
    message('R', Buffer.alloc(4)),
    message('Z', Buffer.from('I')),
    message('E', Buffer.from(fields.map((field) => `${field}\0`).join(''))),
  ]);
  const dying = createServer((socket) => socket.once('data', () => socket.end(answer)));
  await once(dying.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => dying.close());
  const { port } = dying.address() as AddressInfo;
  const pool = new PostgresPool(targetOf(`postgres://tester@127.0.0.1:${port}/orders`));
  t.teardown(() => pool.close());
  await t.rejects(pool.connect(), UNAVAILABLE);
});

await t.test('a backend that is terminated in a batch costs one attempt and no row', async (t) => {
  const target = await server.createStore();
  const { reader, writer } = await storeUnderTest(t, target);
  const store = await writer();
  await apply(store, [place(0, 'a')]);
  const held = await holding(t, target, 'LOCK TABLE orders IN SHARE MODE');
  const saving = apply(store, [place(1, 'b')]);
  const failed = t.rejects(saving, UNAVAILABLE);
  await eventually(async () => (await waiting(target)).length === 1, { what: 'the batch to wait' });
  await server.run(target.url, 'SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted');
  await failed;
  await held.close();
  t.equal(await reader.progress(TOPIC, 0), 1);
  t.equal((await apply(store, [place(1, 'b')])).placed.length, 1, 'the next attempt has a new connection');
  t.equal((await reader.find('b', ALL_ORDERS))?.status, 'confirmed');
});

await t.test('an idle connection that was cut is replaced by the next request', async (t) => {
  const target = await server.createStore();
  const { reader, writer, deadLetterStore } = await storeUnderTest(t, target);
  const [store, deadLetters] = [await writer(), await deadLetterStore()];
  await apply(store, [place(0, 'a')]);
  await reader.find('a', ALL_ORDERS);
  await server.run(
    target.url,
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  const works = async (work: () => Promise<unknown>) =>
    eventually(
      () =>
        work().then(
          () => true,
          () => false,
        ),
      { what: 'a new connection' },
    );
  await works(() => reader.find('a', ALL_ORDERS));
  await works(() => store.load(TOPIC, [0], ['a']));
  await works(() => deadLetters.newestId());
  t.match(await reader.find('a', ALL_ORDERS), { id: 'a' });
});

await t.test('the waits for a lock and for a long statement end', async (t) => {
  const target = { ...(await server.createStore()), lockTimeoutMs: 100, statementTimeoutMs: 300 };
  const { reader, writer } = await storeUnderTest(t, target);
  const store = await writer();
  const held = await holding(t, target, 'LOCK TABLE progress IN SHARE MODE');
  await t.rejects(apply(store, [place(0, 'a')]), { ...UNAVAILABLE, message: /55P03/ });
  await held.close();
  t.equal((await apply(store, [place(0, 'a')])).placed.length, 1);
  t.equal((await reader.list({ limit: 10 }, ALL_ORDERS)).data.length, 1);
  const slow = new PostgresConnection(target, 'test');
  t.teardown(() => slow.close());
  const sleep = { name: 'sleep', text: 'SELECT pg_sleep(60)', values: [] };
  await t.rejects(slow.query(sleep), { ...UNAVAILABLE, message: /57014/ });
});

await t.test('a server that stops answering is given up', { timeout: 60_000 }, async (t) => {
  const target = { ...(await server.createStore()), statementTimeoutMs: 300 };
  const { writer } = await storeUnderTest(t, target);
  const store = await writer();
  const [backend] = await server.run(
    target.url,
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'order-system writer' AND datname = current_database()",
  );
  const pid = Number(backend?.pid);
  process.kill(pid, 'SIGSTOP');
  t.teardown(() => process.kill(pid, 'SIGCONT'));
  await t.rejects(store.load(TOPIC, [0], ['a']), UNAVAILABLE);
  t.equal((await apply(store, [place(0, 'a')])).placed.length, 1);
});

await t.test('a server that is down is unavailable, and is used again when it is up', async (t) => {
  const target = await server.createStore();
  const { reader, writer, deadLetterStore } = await storeUnderTest(t, target);
  const [store, deadLetters] = [await writer(), await deadLetterStore()];
  await apply(store, [place(0, 'a')]);
  await server.takeDown();
  await t.rejects(store.load(TOPIC, [0], ['a']), UNAVAILABLE);
  await t.rejects(apply(store, [place(1, 'b')]), UNAVAILABLE);
  await t.rejects(reader.find('a', ALL_ORDERS), UNAVAILABLE);
  await t.rejects(deadLetters.newestId(), UNAVAILABLE);
  await t.rejects(openReader(target), UNAVAILABLE);
  await t.rejects(openBatchStore(target, createWriteLock()), UNAVAILABLE);
  await t.rejects(migrate(target, silent), UNAVAILABLE);
  await server.bringUp();
  t.equal((await apply(store, [place(1, 'b')])).placed.length, 1);
  t.match(await reader.find('b', ALL_ORDERS), { id: 'b' });
  t.equal(await deadLetters.newestId(), 0);
});

await t.test('a refused login is reported without the password', async (t) => {
  const url = (await server.createDatabase()).replace('s3cret', 'wr0ng');
  for (const wrong of [url, `${url}_not_there`.replace('wr0ng', 's3cret')]) {
    const error: unknown = await openReader(targetOf(wrong)).catch((error: unknown) => error);
    t.match(error, UNAVAILABLE);
    t.notMatch(String(error), /wr0ng|s3cret/);
  }
});

function failing(state: string, constraint?: string): () => Promise<never> {
  const error = new DatabaseError(`of ${state}`, 0, 'error');
  error.code = state;
  error.constraint = constraint;
  return () => Promise.reject(error);
}

/** A client that holds a lock until it is closed. */
async function holding(t: Test, target: PostgresTarget, lock: string): Promise<{ close(): Promise<void> }> {
  const client = new Client(target.url);
  await client.connect();
  let isOpen = true;
  const close = async () => {
    if (isOpen) await client.end();
    isOpen = false;
  };
  t.teardown(close);
  await client.query(`BEGIN; ${lock}`);
  return { close };
}

function waiting(target: PostgresTarget) {
  return server.run(target.url, 'SELECT pid FROM pg_locks WHERE NOT granted');
}
