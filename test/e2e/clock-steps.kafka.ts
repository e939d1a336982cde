import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Database } from '../../src/base/sqlite.ts';
import { startKafka } from '../../tools/kafka/broker-process.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { SteppedClock } from '../../tools/support/stepped-clock.ts';
import { EventSourceReader } from '../support/event-source.ts';
import { mendableFault } from '../support/mendable-fault.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** These run with the suites that need system packages: they need libfaketime, but no Kafka. */
t.setTimeout(600_000);

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const STEPS: readonly [string, number][] = [
  ['back by an hour', -HOUR_MS],
  ['forward by an hour', HOUR_MS],
  ['back by a day', -DAY_MS],
  ['forward by a day', DAY_MS],
  ['back by 35 days', -35 * DAY_MS],
];

const PROCESSOR = new URL('../../../test/fixtures/mendable-processor.mjs', import.meta.url).pathname;

/** No pause of the service is longer than this, on a machine that is busy. */
const SOON = { timeoutMs: 15_000 };

const RATE_LIMIT_WINDOW_MS = 1_500;

interface StatsBody {
  uptimeSeconds: number;
  totals: { confirmed: number };
  perSecond: { accepted: number };
  backlog: { oldestAgeMs: number };
  latency: { acceptToConfirmed: { count: number } };
  seconds: { endedAt: string }[];
}

async function world(t: Test, settings: Record<string, string> = {}) {
  const folder = await temporaryFolder(t);
  const clock = await SteppedClock.create(folder);
  const environment = {
    ...clock.environment,
    DATA_DIR: folder,
    PROCESSOR,
    RETRY_BASE_MS: '1000',
    RETRY_FACTOR: '1',
    RETRY_CAP_MS: '1000',
    RETRY_MAX_ATTEMPTS: '100000',
    RETRY_BUDGET_MS: '60000',
    MAX_EVENT_LOOP_DELAY_MS: '0',
    ...settings,
  };
  const start = async (role: 'all' | 'api' | 'worker' = 'all') => {
    const service = await ServiceProcess.start(role, environment);
    t.teardown(() => service.kill());
    return { service, client: new OrderClient(service.url) };
  };
  return { folder, clock, start };
}

async function retryingOrder(client: OrderClient, merchantId: string): Promise<string> {
  const { body } = await client.place(anOrder({ merchantId }));
  await eventually(
    async () => /outcome="retrying"} [1-9]/.test((await client.get<string>('/metrics')).body),
    { what: 'the order to be retrying' },
  );
  return body.id;
}

const isConfirmed = async (client: OrderClient, id: string) =>
  (await client.order(id)).body.status === 'confirmed';

for (const [name, stepMs] of STEPS) {
  await t.test(`the clock is set ${name} under a running service`, async (t) => {
    const { merchantId, mend } = await mendableFault(t, 'away');
    const { clock, start } = await world(t);
    const { client } = await start();
    const events: string[] = [];
    const reader = new EventSourceReader();
    t.teardown(() => reader.cut());
    reader
      .read(`${client.url}/v1/order-events?customerId=c-stepped`, ({ data }) => events.push(data.orderId))
      .catch((error: unknown) => t.fail(String(error)));
    const id = await retryingOrder(client, merchantId);
    const waiting = client.place(anOrder({ merchantId }), { prefer: 'wait=3' });
    const startedAt = performance.now();
    await clock.step(stepMs);

    t.equal((await waiting).status, 202, 'Prefer: wait ends after 3 s');
    t.ok(performance.now() - startedAt < 10_000);
    const { body: placed } = await client.place(anOrder({ customerId: 'c-stepped' }), { prefer: 'wait=10' });
    t.equal(placed.status, 'confirmed', 'a new order is processed');
    await eventually(() => events.includes(placed.id), { what: 'the open stream to tell it', ...SOON });
    t.match((await client.order(id)).body, { status: 'accepted' }, 'its retries have not run out');
    await mend();
    await eventually(() => isConfirmed(client, id), { what: 'the order to be retried', ...SOON });

    const { body: stats } = await client.get<StatsBody>('/v1/stats?seconds=60');
    t.ok(stats.uptimeSeconds > 0 && stats.uptimeSeconds < 120, `up for ${stats.uptimeSeconds} s`);
    t.ok(stats.totals.confirmed >= 2, 'outcomes are counted');
    t.ok(stats.perSecond.accepted < 100, `${stats.perSecond.accepted} orders accepted per second`);
    t.ok(stats.backlog.oldestAgeMs < 60_000, `the oldest record is ${stats.backlog.oldestAgeMs} ms old`);
    const ends = stats.seconds.map(({ endedAt }) => Date.parse(endedAt));
    t.same(ends, [...ends].sort(), 'seconds are in order');
    t.notMatch((await client.get<string>('/metrics')).body, /^orders_\S+_(sum|count)\S* -/m);
    t.equal((await client.get('/readyz')).status, 200);
  });

  await t.test(`the clock is set ${name} while the service is stopped`, async (t) => {
    const { merchantId, mend } = await mendableFault(t, 'away');
    const { clock, start } = await world(t);
    const first = await start();
    const id = await retryingOrder(first.client, merchantId);
    await first.service.stop();
    await clock.step(stepMs);
    const { client } = await start();
    await mend();
    await eventually(() => isConfirmed(client, id), { what: 'the order to be retried', ...SOON });
  });
}

await t.test('a circuit that is open closes soon after the clock is set back', async (t) => {
  const { folder, clock, start } = await world(t);
  const { client } = await start();
  const readiness = async () => (await client.get('/readyz')).status;
  const database = new Database(join(folder, 'orders.db'));
  t.teardown(() => database.close());
  database.exec('BEGIN EXCLUSIVE');
  const { body } = await client.place();
  await eventually(async () => (await readiness()) === 503, { what: 'the circuit to open' });
  await clock.step(-DAY_MS);
  database.exec('ROLLBACK');
  await eventually(() => isConfirmed(client, body.id), {
    what: 'the order to be confirmed',
    timeoutMs: 45_000,
  });
  await eventually(async () => (await readiness()) === 200, { what: 'the circuit to close', ...SOON });
});

await t.test('a rate limit window ends when the clock is set back', async (t) => {
  const { clock, start } = await world(t, {
    RATE_LIMIT_MAX: '5',
    RATE_LIMIT_WINDOW_MS: String(RATE_LIMIT_WINDOW_MS),
  });
  const { client } = await start();
  const isRefused = async () => (await client.order('00000000-0000-4000-8000-000000000000')).status === 429;
  await eventually(isRefused, { what: 'the limit to be reached' });
  await clock.step(-HOUR_MS);
  await eventually(async () => !(await isRefused()), { what: 'the window to end', ...SOON });
});

await t.test('a replay keeps its rate when the clock is set back', async (t) => {
  const { merchantId, mend } = await mendableFault(t, 'broken');
  const { clock, start } = await world(t, { DEAD_LETTER_FLOOD_PERCENT: '100' });
  const { client } = await start();
  for (let order = 0; order < 4; order += 1) {
    await client.place(anOrder({ merchantId }), { prefer: 'wait=10' });
  }
  await mend();
  const replay = client.post<{ replayed: number }>('/v1/dead-letters/replay', {
    filter: { reason: 'processor-failed' },
    ratePerSecond: 1,
  });
  const remaining = () => client.get<{ data: unknown[] }>('/v1/dead-letters?state=open');
  await eventually(async () => (await remaining()).body.data.length < 4, { what: 'the replay to begin' });
  await clock.step(-HOUR_MS);
  t.equal((await replay).body.replayed, 4);
});

await t.test('an idle service stops soon after its clock was set forward and back', async (t) => {
  const { clock, start } = await world(t, kafkaEnvironment(await temporaryFolder(t)));
  const { client, service } = await start();
  await clock.step(HOUR_MS);
  const seesStep = async () => {
    const { body } = await client.place(anOrder(), { prefer: 'wait=10' });
    const { createdAt } = (await client.get<{ createdAt: string }>(`/v1/orders/${body.id}`)).body;
    return Date.parse(createdAt) > Date.now() + HOUR_MS / 2;
  };
  await eventually(seesStep, { what: 'the service to see the step', ...SOON });
  await clock.step(-HOUR_MS);
  t.same(await service.stop(), { code: 0, signal: null });
});

await t.test('replicas go on and stop after their clocks were set back while Kafka was down', async (t) => {
  const dataDirectory = join(await temporaryFolder(t), 'kafka');
  const kafka = await startKafka({ dataDirectory });
  t.teardown(() => kafka.kill());
  const { clock, start } = await world(t, { KAFKA_BROKERS: kafka.brokers, KAFKA_PARTITIONS: '2' });
  const { client, service: api } = await start('api');
  const { service: worker } = await start('worker');
  await clock.step(DAY_MS);
  t.equal((await client.place(anOrder(), { prefer: 'wait=20' })).status, 201);
  // The service looks at its clock four times a second; a step that was undone in between goes unnoticed.
  await delay(1_500);
  await kafka.kill();
  await eventually(() => [api, worker].every(({ output }) => output.includes('All Kafka brokers are down')), {
    what: 'the failure to show',
  });
  await clock.step(-DAY_MS);
  const restarted = await startKafka({ dataDirectory, port: kafka.port });
  t.teardown(() => restarted.kill());
  let id = '';
  const isAccepted = async () => {
    const { status, body } = await client.place();
    if (status === 202) id = body.id;
    return status === 202;
  };
  await eventually(isAccepted, { what: 'an order to be accepted', ...SOON });
  // The group waits until the session of the old member has timed out.
  await eventually(() => isConfirmed(client, id), { what: 'the order to be confirmed', timeoutMs: 60_000 });
  const { status } = await client.place(anOrder(), { prefer: 'wait=10' });
  t.equal(status, 201, 'the api sees that the worker confirms an order');
  for (const service of [api, worker]) t.same(await service.stop(), { code: 0, signal: null });
});
