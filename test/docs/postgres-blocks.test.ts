import t from 'tap';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { BlockRunner } from './block-runner.ts';
import { codeBlocks, readDocument } from './markdown.ts';

t.setTimeout(180_000);

const ORDERS = 'http://127.0.0.1:3000/v1/orders';
const ORDER = JSON.stringify({
  customerId: 'c-moving',
  merchantId: 'm-9',
  currency: 'INR',
  items: [{ sku: 'thali', name: 'Thali', quantity: 1, unitPrice: 18_000 }],
});
const PLACE = `curl -s ${ORDERS} -H 'content-type: application/json' -H 'prefer: wait=20' -d '${ORDER}'`;
const LIST = `curl -s '${ORDERS}?customerId=c-moving'`;

const blocks = codeBlocks(readDocument('docs/deployment.md'), 'sh').filter(
  ({ marker }) => marker === 'postgres',
);
const postgres = await PostgresServer.start(t);
await postgres.run('postgres', `CREATE ROLE orders LOGIN PASSWORD 'secret'`);

/** The ids of the confirmed orders. */
async function confirmed(runner: BlockRunner): Promise<string[]> {
  const { stdout } = await runner.run(LIST);
  const { data } = JSON.parse(stdout) as { data: { id: string; status: string }[] };
  return data.filter(({ status }) => status === 'confirmed').map(({ id }) => id);
}

t.ok(
  blocks.some(({ code }) => code.includes('migrate --from')),
  'one of them moves from SQLite',
);
for (const { place, code } of blocks) {
  const isMove = code.includes('migrate --from');
  await t.test(
    `${place} runs as typed; ${isMove ? 'the old and ' : ''}new orders are in PostgreSQL`,
    async (t) => {
      const runner = await BlockRunner.create(postgres.port);
      t.teardown(() => runner.close());
      await postgres.run('postgres', 'DROP DATABASE IF EXISTS orders WITH (FORCE)');
      await postgres.run('postgres', 'CREATE DATABASE orders OWNER orders');
      t.equal((await runner.run(PLACE)).code, 0);
      const old = await confirmed(runner);
      t.equal(old.length, 1);
      t.equal(await runner.start(code), undefined, code);
      if (isMove) t.same(await confirmed(runner), old, 'the order of the old store');
      t.equal((await runner.run(PLACE)).code, 0);
      const ids = await confirmed(runner);
      if (isMove) t.equal(ids.length, 2);
      const [row] = await postgres.run<{ count: string }>('orders', 'SELECT count(*) FROM orders');
      t.equal(Number(row?.count), ids.length);
    },
  );
}
