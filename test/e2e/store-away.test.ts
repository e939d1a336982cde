import { join } from 'node:path';
import t from 'tap';
import { Database } from '../../src/base/sqlite.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { OrderClient } from '../support/order-client.ts';
import { OrderLoad } from '../support/order-load.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { nothingLost } from './nothing-lost.ts';

/** How long the store is away; a minute is a good deal more than every pause that the service makes. */
const AWAY_MS = Number(process.env.STORE_AWAY_MS ?? 12_000);
const TIMEOUT_MS = AWAY_MS + 120_000;

t.setTimeout(TIMEOUT_MS);

interface Readiness {
  status: string;
  checks: Record<string, string>;
}

await t.test(
  `a store that is away for ${AWAY_MS} ms: orders are taken all the same, none is spent, all are confirmed afterwards`,
  { timeout: TIMEOUT_MS },
  async (t) => {
    const folder = await temporaryFolder(t);
    // Every order is to be taken: that the machine is busy with other tests must be no reason to refuse one.
    const service = await ServiceProcess.start('all', {
      DATA_DIR: folder,
      MAX_EVENT_LOOP_DELAY_MS: '0',
      ACK_TIMEOUT_MS: '30000',
    });
    t.teardown(() => service.kill());
    const client = new OrderClient(service.url);
    const load = new OrderLoad(service.url, { customerId: 'c-away', lines: 2 });
    t.teardown(() => load.stop());
    const readiness = () => client.get<Readiness>('/readyz');

    // Another program takes the file for itself.
    const database = new Database(join(folder, 'orders.db'));
    t.teardown(() => database.close());
    const rows = (table: string) => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
    const nothingSpent = () => t.same([rows('retrying_orders'), rows('dead_letters')], [0, 0]);
    await eventually(() => load.acknowledged.length > 50, { what: 'the load to flow' });
    database.exec('BEGIN EXCLUSIVE');
    const awayUntil = Date.now() + AWAY_MS;
    const before = load.acknowledged.length;

    await eventually(async () => (await readiness()).status === 503, {
      what: 'readyz to tell',
      timeoutMs: AWAY_MS,
    });
    const { checks } = (await readiness()).body;
    t.match(checks.pipeline, /database is locked/);
    t.match(checks, { service: 'ok', eventLog: 'ok' });
    await eventually(() => Date.now() >= awayUntil, { what: 'the time to pass', timeoutMs: AWAY_MS + 1_000 });
    nothingSpent();
    t.equal((await readiness()).status, 503);
    const during = load.acknowledged.length;
    t.ok(during > before + 50, `${during - before} orders were taken while the store was away`);
    database.exec('ROLLBACK');

    await eventually(
      async () => {
        if (rows('retrying_orders') !== 0) t.fail('an order was retrying for what the store has done');
        return (await readiness()).status === 200;
      },
      { what: 'the service to be ready again', timeoutMs: 60_000 },
    );
    t.match(service.output, /the store works again/);
    await load.stop();
    t.same([...load.answers.keys()], [202], 'every order was taken at once');
    await nothingLost(t, load, service.url);
    nothingSpent();
    t.equal((await service.stop()).code, 0);
  },
);
