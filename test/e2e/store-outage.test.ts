import { join } from 'node:path';
import t from 'tap';
import { Database } from '../../src/base/sqlite.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { OrderClient } from '../support/order-client.ts';
import { OrderLoad } from '../support/order-load.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { assertNothingLost } from './nothing-lost.ts';

/** STORE_OUTAGE_MS=60000 outlasts every pause that the service makes. */
const OUTAGE_MS = Number(process.env.STORE_OUTAGE_MS ?? 12_000);
const TIMEOUT_MS = OUTAGE_MS + 120_000;

t.setTimeout(TIMEOUT_MS);

interface Readiness {
  status: string;
  checks: Record<string, string>;
}

await t.test(
  `while the store is unavailable for ${OUTAGE_MS} ms orders are accepted and none is retried; all are confirmed afterwards`,
  { timeout: TIMEOUT_MS },
  async (t) => {
    const folder = await temporaryFolder(t);
    // A machine that is busy with other tests must not cause refusals.
    const service = await ServiceProcess.start('all', {
      DATA_DIR: folder,
      MAX_EVENT_LOOP_DELAY_MS: '0',
      ACK_TIMEOUT_MS: '30000',
    });
    t.teardown(() => service.kill());
    const client = new OrderClient(service.url);
    const load = new OrderLoad(service.url, { customerId: 'c-outage', lines: 2 });
    t.teardown(() => load.stop());
    const readiness = () => client.get<Readiness>('/readyz');

    // Another program locks the file.
    const database = new Database(join(folder, 'orders.db'));
    t.teardown(() => database.close());
    const rows = (table: string) => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
    const assertNoAttempts = () => t.same([rows('retrying_orders'), rows('dead_letters')], [0, 0]);
    await eventually(() => load.acknowledged.length > 50, { what: 'orders to be acknowledged' });
    database.exec('BEGIN EXCLUSIVE');
    const outageEnd = Date.now() + OUTAGE_MS;
    const before = load.acknowledged.length;

    await eventually(async () => (await readiness()).status === 503, {
      what: '/readyz to report it',
      timeoutMs: OUTAGE_MS,
    });
    const { checks } = (await readiness()).body;
    t.match(checks.pipeline, /database is locked/);
    t.match(checks, { service: 'ok', eventLog: 'ok' });
    await eventually(() => Date.now() >= outageEnd, {
      what: 'the time to pass',
      timeoutMs: OUTAGE_MS + 1_000,
    });
    assertNoAttempts();
    t.equal((await readiness()).status, 503);
    const during = load.acknowledged.length;
    t.ok(during > before + 50, `${during - before} orders were accepted during the outage`);
    database.exec('ROLLBACK');

    await eventually(
      async () => {
        if (rows('retrying_orders') !== 0) t.fail('an order was retried because of the outage');
        return (await readiness()).status === 200;
      },
      { what: 'the service to be ready again', timeoutMs: 60_000 },
    );
    t.match(service.output, /the store works again/);
    await load.stop();
    t.same([...load.answers.keys()], [202], 'every order was accepted');
    await assertNothingLost(t, load, service.url);
    assertNoAttempts();
    t.equal((await service.stop()).code, 0);
  },
);
