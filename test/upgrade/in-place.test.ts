import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import type { ReleasedData } from '../../tools/release/released-data.ts';
import { PREVIOUS_RELEASE } from '../../tools/release/releases.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { EventSourceReader } from '../support/event-source.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(120_000);

const FIXTURES = fileURLToPath(new URL('../../../test/upgrade/fixtures/', import.meta.url));
const RELEASED = `${FIXTURES}data-${PREVIOUS_RELEASE.version}`;

/** Versions 1 to `last`. */
const allVersions = (id: string, last: number) =>
  Array.from({ length: last }, (_, index) => `${id}/${index + 1}`);

await t.test(
  `the service goes on with the data folder that ${PREVIOUS_RELEASE.version} left behind`,
  async (t) => {
    const released = JSON.parse(await readFile(`${RELEASED}.json`, 'utf8')) as ReleasedData;
    const folder = await temporaryFolder(t);
    await promisify(execFile)('tar', ['-xzf', `${RELEASED}.tar.gz`, '-C', folder]);
    const service = await ServiceProcess.start('all', { DATA_DIR: folder, WORKER_THREADS: '1' });
    t.teardown(() => service.kill());
    const client = new OrderClient(service.url);
    const historyOf = async (id: string) => (await client.history(id)).body.data.map(({ status }) => status);
    const reaches = async (id: string, statuses: string[]) => {
      const isThere = async () => (await historyOf(id)).join() === statuses.join();
      await eventually(isThere, { what: `${id} to be ${statuses.join(', ')}` });
    };

    await t.test('orders read as before', async (t) => {
      for (const { id, status, version, total, statuses } of released.orders) {
        t.match((await client.order(id)).body, { id, status, version, total });
        t.same(await historyOf(id), statuses);
      }
    });

    await t.test('an idempotency key still names its order', async (t) => {
      const { key, order, id } = released.keyed;
      const again = await client.place(order, { 'idempotency-key': key });
      t.equal(again.body.id, id);
      t.equal(again.headers.get('idempotent-replayed'), 'true');
      const other = await client.place({ ...order, merchantId: 'm-2' }, { 'idempotency-key': key });
      t.equal(other.status, 422, 'and its body');
    });

    await t.test('orders that were unprocessed or retrying are processed', async () => {
      await reaches(released.unprocessed, ['confirmed']);
      await reaches(released.retrying.id, ['confirmed']);
      await reaches(released.retrying.cancelled, ['confirmed', 'cancelled']);
    });

    await t.test('its dead letter is replayed; one that was discarded is not', async (t) => {
      const { body } = await client.post('/v1/dead-letters/replay', {
        filter: { reason: 'processor-failed', state: 'open' },
      });
      t.match(body, { matched: 1, replayed: 1, skipped: 0 });
      await reaches(released.failed.id, ['failed', 'confirmed']);
      t.same(await historyOf(released.failed.discarded), ['failed']);
    });

    await t.test(
      'a watcher resumes with a token of that release: nothing missed, nothing repeated',
      async (t) => {
        const { id } = (await client.place(anOrder(), { prefer: 'wait=20' })).body;
        const { token, changes } = released.resume;
        const { unprocessed, retrying, failed } = {
          unprocessed: [`${released.unprocessed}/1`],
          retrying: [...allVersions(released.retrying.id, 1), ...allVersions(released.retrying.cancelled, 2)],
          failed: [`${released.failed.id}/2`],
        };
        const expected = [...changes, ...unprocessed, ...retrying, ...failed, `${id}/1`];
        const seen: string[] = [];
        const reader = new EventSourceReader(token);
        const reading = reader.read(`${service.url}/v1/order-events`, ({ data }) =>
          seen.push(`${data.orderId}/${data.version}`),
        );
        await eventually(() => seen.length >= expected.length, { what: `${expected.length} changes` });
        reader.cut();
        await reading;
        t.same(
          seen.slice(0, changes.length),
          changes,
          'first what happened before the upgrade, in its order',
        );
        t.same([...seen].sort(), expected.sort());
      },
    );

    t.same(await service.stop(), { code: 0, signal: null });
  },
);
