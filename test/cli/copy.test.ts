import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openBatchStore, openDeadLetterStore, openReader } from '../../src/store/open/open-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { PostgresServer, targetOf } from '../../tools/support/postgres.ts';
import { Program, runProgram } from '../../tools/support/program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fillStore, ORDERS } from '../store/copy/filled-store.ts';
import { migratedTarget } from '../store/sqlite/make-store.ts';

const server = await PostgresServer.start(t);

await t.test(
  'a store is copied, told table by table, and can be copied again',
  { timeout: 120_000 },
  async (t) => {
    const [from, to] = [await filledFile(t), await server.createDatabase()];
    const url = new URL(to);
    const PGPASSWORD = url.password;
    url.password = '';
    const first = await runProgram(['migrate', '--from', from, '--to', url.href], { env: { PGPASSWORD } });
    t.equal(first.code, 0, first.stderr);
    t.match(first.stdout, new RegExp(`^orders +${ORDERS} rows +sha256 [0-9a-f]{64}$`, 'm'));
    t.match(first.stdout, 'match on both sides');
    t.equal(first.stderr, '', 'no progress bar where nobody looks');
    const again = await runProgram(['migrate', '--from', from], { env: { DATABASE_URL: to } });
    t.same(again, first);
  },
);

await t.test(
  'a statement of a copy may take longer than one of a request',
  { timeout: 120_000 },
  async (t) => {
    const [from, to] = [await filledFile(t), await server.createDatabase()];
    const limits = { DATABASE_STATEMENT_TIMEOUT_MS: '1000', DATABASE_LOCK_TIMEOUT_MS: '1000' };
    t.equal((await runProgram(['migrate'], { env: { DATABASE_URL: to } })).code, 0);
    await server.run(
      to,
      `CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(2); RETURN NULL; END';
       CREATE TRIGGER lingers AFTER INSERT ON progress EXECUTE FUNCTION linger()`,
    );
    const env = { DATABASE_URL: to, ...limits };
    const { code, stderr } = await runProgram(['migrate', '--from', from], { env });
    t.equal(code, 0, stderr);
  },
);

await t.test(
  'a copy continues after kill -9 when the command is repeated',
  { timeout: 120_000 },
  async (t) => {
    const [from, to] = [await filledFile(t), await server.createDatabase()];
    t.equal((await runProgram(['migrate'], { env: { DATABASE_URL: to } })).code, 0);
    const holder = await server.connect(to);
    t.teardown(() => holder.end());
    await holder.query('BEGIN; LOCK TABLE order_history IN EXCLUSIVE MODE');
    const copy = new Program(['migrate', '--from', from], { env: { DATABASE_URL: to } });
    const count = async () => Number((await server.run(to, 'SELECT count(*) AS rows FROM orders'))[0]?.rows);
    await eventually(async () => (await count()) === ORDERS, { what: 'the orders to be copied' });
    await copy.kill();
    await holder.query('ROLLBACK');
    t.same(await server.run(to, 'SELECT * FROM progress'), [], 'it is not taken for whole');
    const repeated = await runProgram(['migrate', '--from', from], { env: { DATABASE_URL: to } });
    t.equal(repeated.code, 0, repeated.stderr);
    const reader = await openReader(targetOf(to));
    t.teardown(() => reader.close());
    t.equal(await reader.progress('orders.commands', 1), 10);
  },
);

await t.test(
  'what cannot be copied is refused with the reason, and nothing is made',
  { timeout: 120_000 },
  async (t) => {
    const from = await filledFile(t);
    const to = 'postgres://user@127.0.0.1:1/orders';
    const exposed = /--to contains a password, which every user of this machine can see/;
    const cwd = await temporaryFolder(t);
    const missing = `sqlite:${join(cwd, 'missing.db')}`;
    const refusals: [string[], RegExp][] = [
      [['--to', to], /--to needs --from/],
      [['--from', from], /The target, DATABASE_URL, is not a PostgreSQL URL/],
      [['--from', from, '--to', 'postgres://user:s3cret@127.0.0.1:1/orders'], exposed],
      [['--from', from, '--to', `${to}?password=s3cret`], exposed],
      [['--from', from, '--to', 'host=db password=s3cret'], /--to has an unknown scheme/],
      [['--from', missing, '--to', to], /--from names .*missing\.db, which is not a file\./],
      [['--from', to, '--to', to], /--from is not a SQLite URL/],
      [['--from', from, '--to', from], /--to is not a PostgreSQL URL/],
      [['--from', from, '--to', 'mysql://x/y'], /--to has an unknown scheme/],
    ];
    for (const [args, reason] of refusals) {
      const { code, stderr } = await runProgram(['migrate', ...args], { cwd });
      t.equal(code, 2, args.join(' '));
      t.match(stderr, reason);
      t.notMatch(stderr, 's3cret');
    }
    const env = { PGPASSWORD: 's3cret' };
    const unreachable = await runProgram(['migrate', '--from', from, '--to', to], { env });
    t.equal(unreachable.code, 1);
    t.match(unreachable.stderr, /PostgreSQL/);
    t.notMatch(unreachable.stderr, 's3cret');
  },
);

/** The URL of a file with something of everything. */
async function filledFile(t: Test): Promise<string> {
  const target = await migratedTarget(t);
  const turn = createWriteLock();
  const [store, deadLetterPool] = [
    await openBatchStore(target, turn),
    await openDeadLetterStore(target, turn),
  ];
  await fillStore(store, deadLetterPool);
  await Promise.all([store.close(), deadLetterPool.close()]);
  return `sqlite:${target.path}`;
}
