import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Database } from '../../src/base/sqlite.ts';
import { DISK_FAULTS_MISSING, type DiskFault, DiskFaults } from '../../tools/support/disk-faults.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { allOrders } from '../support/all-orders.ts';
import { anOrder, type OrderBody, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TIMEOUT_MS = 240_000;
t.setTimeout(TIMEOUT_MS);

const CUSTOMER = 'c-disk';

const log: Record<'sync' | 'full', DiskFault[]> = {
  sync: [{ call: 'sync', error: 'EIO', pathEnd: '/log.db-wal' }],
  full: ['/log.db', '/log.db-wal'].map((pathEnd) => ({ call: 'write', error: 'ENOSPC', pathEnd })),
};
const store: Record<'sync' | 'full', DiskFault[]> = {
  sync: [{ call: 'sync', error: 'EIO', pathEnd: '/orders.db-wal' }],
  full: ['/orders.db', '/orders.db-wal'].map((pathEnd) => ({ call: 'write', error: 'ENOSPC', pathEnd })),
};

interface Placed {
  status: number;
  id: string;
  code: string | undefined;
  detail: string | undefined;
}

/** A client of the service that can say how the service is. */
class Observer {
  readonly service: ServiceProcess;
  readonly client: OrderClient;

  constructor(service: ServiceProcess) {
    this.service = service;
    this.client = new OrderClient(service.url);
  }

  /** The same name is the same order. */
  async place(name: string): Promise<Placed> {
    const order = anOrder({ customerId: CUSTOMER, metadata: { name } });
    const { status, body } = await this.client.place(order, { 'idempotency-key': name });
    const { id, code, detail } = body as OrderBody & { code?: string; detail?: string };
    return { status, id, code, detail };
  }

  async readiness(): Promise<{ ready: boolean; checks: Record<string, string> }> {
    const { status, body } = await this.client.get<{ checks: Record<string, string> }>('/readyz');
    return { ready: status === 200, checks: body.checks };
  }

  /** Resolves when the service has recovered by itself. */
  async recovered(): Promise<void> {
    await eventually(async () => (await this.readiness()).ready, { what: 'the service to be ready again' });
  }

  async isLogWritable(): Promise<boolean> {
    const { body } = await this.client.get<string>('/metrics');
    return body.includes('\norders_log_writable 1\n');
  }

  async confirmedIds(): Promise<string[]> {
    const stored = await allOrders(this.client, CUSTOMER);
    return stored.filter(({ status }) => status === 'confirmed').map(({ id }) => id);
  }

  /** Lines of its output that contain all texts. */
  linesWith(...texts: string[]): string[] {
    return this.service.output.split('\n').filter((line) => texts.every((text) => line.includes(text)));
  }
}

await t.test(
  'a disk that fails and fills up, and what the service promises meanwhile',
  { skip: DISK_FAULTS_MISSING ?? false, timeout: TIMEOUT_MS },
  async (t) => {
    const folder = await temporaryFolder(t);
    const faults = await DiskFaults.create(folder);
    t.teardown(() => faults.close());
    const start = async (dataDir: string): Promise<Observer> => {
      const environment = { ...faults.environment, DATA_DIR: dataDir, BREAKER_OPEN_MS: '100' };
      const service = await ServiceProcess.start('all', environment);
      t.teardown(() => service.kill());
      return new Observer(service);
    };
    const dataDir = join(folder, 'data');
    const acknowledged: string[] = [];
    const acknowledge = async (t: Test, observer: Observer, name: string) => {
      const { status, id } = await observer.place(name);
      t.equal(status, 202);
      acknowledged.push(id);
    };
    const hidesPaths = (t: Test, texts: unknown) => {
      t.notMatch(JSON.stringify(texts), folder, 'the caller sees no path');
    };
    let running = await start(dataDir);

    await t.test(
      'a failed sync of the event log: 504, because a crash may bring the order back',
      async (t) => {
        await acknowledge(t, running, 'before');
        faults.set(...log.sync);
        const unknown = await running.place('unknown');
        t.match(unknown, { status: 504, code: 'log-timeout', detail: /may or may not be in it/ });
        const refused = await running.place('refused');
        t.match(refused, { status: 503, code: 'log-unavailable' });
        const readiness = await running.readiness();
        t.match(readiness, { ready: false, checks: { eventLog: /disk I\/O error/ } });
        hidesPaths(t, [unknown, refused, readiness]);
        t.equal(await running.isLogWritable(), false);
        t.equal(
          running.linesWith(`"file":"${dataDir}/log.db"`).length,
          1,
          'the log of the service names the file',
        );

        await running.service.kill();
        faults.clear();
        running = await start(dataDir);
        await acknowledge(t, running, 'unknown');
        await eventually(async () => (await running.confirmedIds()).length === 2, { what: 'both orders' });
        t.same(
          (await running.confirmedIds()).sort(),
          acknowledged.sort(),
          'each once, and not the refused one',
        );
      },
    );

    await t.test('the event log accepts orders again when the disk syncs again', async (t) => {
      for (const round of [1, 2]) {
        faults.set(...log.sync);
        t.equal((await running.place(`unknown-${round}`)).status, 504);
        faults.clear();
        await running.recovered();
        t.equal(await running.isLogWritable(), true);
        await acknowledge(t, running, `after-${round}`);
      }
    });

    await t.test(
      'a full disk of the event log: 503, not ready, one warning, until there is room',
      async (t) => {
        faults.set(...log.full);
        const answers: Placed[] = [];
        for (let n = 0; n < 40; n++) answers.push(await running.place(`full-${n}`));
        for (const answer of answers) t.match(answer, { status: 503, code: 'log-full' });
        const readiness = await running.readiness();
        t.match(readiness, { ready: false, checks: { eventLog: /its disk is full/ } });
        hidesPaths(t, [answers, readiness]);
        t.equal(await running.isLogWritable(), false);
        t.equal(running.linesWith('request refused', 'log-full').length, 1, 'one warning for all requests');
        t.equal(running.linesWith('log is not usable', 'its disk is full').length, 1, 'one error line');
        faults.clear();
        await running.recovered();
        t.equal(await running.isLogWritable(), true);
        await acknowledge(t, running, 'after-full');
      },
    );

    for (const [kind, fault] of Object.entries(store)) {
      await t.test(
        `orders wait while the disk of the store fails (${kind}), and are processed once`,
        async (t) => {
          const retried = running.linesWith('a batch step failed').length;
          faults.set(...fault);
          await acknowledge(t, running, `store-${kind}`);
          await eventually(async () => !(await running.readiness()).ready, {
            what: 'the failure to be reported',
          });
          hidesPaths(t, await running.readiness());
          faults.clear();
          await running.recovered();
          t.ok(running.linesWith('a batch step failed').length <= retried + 1, 'retries repeat no warning');
          const last = acknowledged.at(-1) ?? '';
          await eventually(async () => (await running.confirmedIds()).includes(last), { what: 'the order' });
        },
      );
    }

    await t.test('after a clean stop the files orders.db and log.db alone hold everything', async (t) => {
      t.match(await running.service.stop(), { code: 0 });
      const copy = join(folder, 'copy');
      mkdirSync(copy);
      for (const name of ['orders.db', 'log.db']) copyFileSync(join(dataDir, name), join(copy, name));
      // Read before a service can process the event log again.
      const orders = new Database(join(copy, 'orders.db'), { readonly: true });
      const stored = orders.prepare('SELECT id FROM orders').pluck().all();
      orders.close();
      for (const id of acknowledged) t.ok(stored.includes(id));
      running = await start(copy);
      const confirmed = await running.confirmedIds();
      for (const id of acknowledged) t.equal(confirmed.filter((one) => one === id).length, 1);
      const { body } = await running.client.history(acknowledged[0] ?? '');
      t.match(body.data, [{ version: 1, status: 'confirmed' }]);
      await acknowledge(t, running, 'after-copy');
    });
  },
);
