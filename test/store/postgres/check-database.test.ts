import t, { type Test } from 'tap';
import { migrate } from '../../../src/store/open/migrate.ts';
import { openBatchStore } from '../../../src/store/open/open-store.ts';
import { createWriteLock } from '../../../src/store/sqlite/write-lock.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { PostgresServer, targetOf } from '../../../tools/support/postgres.ts';
import { runProgram } from '../../../tools/support/program.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { apply, batchOf, loadFor, place } from '../batch.ts';
import { silent } from '../sqlite/make-store.ts';

t.setTimeout(120_000);

const server = await PostgresServer.start(t);

for (const encoding of ['LATIN1', 'SQL_ASCII']) {
  await t.test(`a database with the encoding ${encoding} is refused with the command to run`, async (t) => {
    const name = `orders_${encoding.toLowerCase()}`;
    await server.run(
      'postgres',
      `CREATE DATABASE ${name} TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'`,
    );
    const message = await refusal(t, urlOf(name));
    if (encoding === 'LATIN1') {
      const env = { DATABASE_URL: urlOf(name), DATA_DIR: await temporaryFolder(t) };
      const [migrated, served] = await Promise.all([
        runProgram(['migrate'], { env }),
        runProgram(['serve'], { env: { ...env, PORT: '0', GRPC_PORT: '0' } }),
      ]);
      t.match(migrated, { code: 2, stderr: 'has the encoding LATIN1' });
      t.match(served, { code: 1, stdout: 'has the encoding LATIN1' });
      t.notMatch(served.stdout, 'Ready.');
    }
    t.match(message, new RegExp(`^The database "${name}" has the encoding ${encoding},`));
    const command = /`(CREATE DATABASE .*)`/.exec(message)?.[1] ?? '';
    await server.run('postgres', command.replace('orders', `${name}_utf8`));
    t.ok((await migrate(targetOf(urlOf(`${name}_utf8`)), silent)).length > 0, 'the command helps');
  });
}

await t.test('a read-only database is unavailable, and the message says why', async (t) => {
  const { url } = await server.createStore();
  const readOnly = `${url}?options=-c%20default_transaction_read_only%3Don`;
  await t.rejects(migrate(targetOf(readOnly), silent), {
    code: 'store-unavailable',
    message: /is read-only, because default_transaction_read_only is on/,
  });
});

await t.test('a search_path without a schema is refused', async (t) => {
  const url = `${await server.createDatabase()}?options=-c%20search_path%3Dnowhere`;
  t.match(await refusal(t, url), /^The search_path of the user "tester" names no schema/);
});

await t.test('a user who may not create tables is refused until another user has migrated', async (t) => {
  const url = await server.createDatabase();
  await server.run(url, `CREATE ROLE clerk LOGIN PASSWORD 's3cret'`);
  const clerk = targetOf(url.replace('tester:', 'clerk:'));
  t.match(
    await refusal(t, clerk.url),
    /^The user "clerk" may not create tables in the schema "public" .* `GRANT CREATE ON SCHEMA "public" TO "clerk"`/,
  );
  await migrate(targetOf(url), silent);
  await server.run(url, 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO clerk');
  t.same(await migrate(clerk, silent), [], 'nothing is missing');
  const store = await openBatchStore(clerk, createWriteLock());
  t.teardown(() => store.close());
  t.equal((await apply(store, [place(0, 'a')])).placed.length, 1);
});

await t.test('a stricter default isolation does not turn a lost race into an outage', async (t) => {
  const target = await server.createStore();
  const name = new URL(target.url).pathname.slice(1);
  await server.run(
    'postgres',
    `ALTER DATABASE ${name} SET default_transaction_isolation = 'repeatable read'`,
  );
  const held = await server.connect(target.url);
  t.teardown(() => held.end());
  const store = await openBatchStore(target, createWriteLock());
  t.teardown(() => store.close());
  await apply(store, [place(0, 'a')]);
  const commands = [place(1, 'b')];
  const batch = batchOf(await loadFor(store, commands), commands, 1);
  await held.query('BEGIN; UPDATE progress SET next_offset = next_offset + 1');
  const saving = t.rejects(store.save(batch), { code: 'progress-conflict' });
  const waiting = () => server.run(target.url, 'SELECT pid FROM pg_locks WHERE NOT granted');
  await eventually(async () => (await waiting()).length === 1, { what: 'the batch to wait' });
  await held.query('COMMIT');
  await saving;
});

function urlOf(database: string): string {
  return `postgres://tester:s3cret@127.0.0.1:${server.port}/${database}`;
}

async function refusal(t: Test, url: string): Promise<string> {
  const error: unknown = await migrate(targetOf(url), silent).catch((error: unknown) => error);
  t.match(error, { code: 'settings-invalid' });
  return error instanceof Error ? error.message : '';
}
