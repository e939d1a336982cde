import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import t from 'tap';
import { startKafka } from '../../tools/kafka/broker-process.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { OrderLoad } from '../support/order-load.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { assertNothingLost } from './nothing-lost.ts';

const OUTAGE_MS = 20_000;
const ACK_TIMEOUT_MS = 3_000;

t.setTimeout(240_000);

await t.test(
  'Kafka is down for 20 s under load: requests get 503 or 504 in time, and no acknowledged order is lost',
  { timeout: 240_000 },
  async (t) => {
    const folder = await temporaryFolder(t);
    const kafkaFolder = join(folder, 'kafka');
    const kafka = await startKafka({ dataDirectory: kafkaFolder });
    t.teardown(() => kafka.kill());
    const service = await ServiceProcess.start('all', {
      ...kafkaEnvironment(join(folder, 'data'), kafka.brokers),
      ACK_TIMEOUT_MS: String(ACK_TIMEOUT_MS),
    });
    t.teardown(() => service.kill());
    const load = new OrderLoad(service.url, { customerId: 'c-outage', lines: 16 });
    await eventually(() => load.count(202) > 200, { what: 'orders to flow' });

    const dependencies = async () => {
      const response = await fetch(`${service.url}/v1/stats`);
      return ((await response.json()) as { dependencies: unknown }).dependencies;
    };
    t.same(await dependencies(), { log: 'up', store: 'up' });

    await kafka.stop();
    await eventually(async () => JSON.stringify(await dependencies()) === '{"log":"down","store":"up"}', {
      what: 'the statistics to say so',
      timeoutMs: 2_000,
    });
    const refusedBefore = load.count(503) + load.count(504);
    await delay(OUTAGE_MS);
    t.ok(load.count(503) + load.count(504) > refusedBefore, 'requests were refused in the meantime');
    const again = await startKafka({ dataDirectory: kafkaFolder, port: kafka.port });
    t.teardown(() => again.stop());
    const before = load.count(202);
    await eventually(() => load.count(202) > before + 200, {
      what: 'orders to flow again',
      timeoutMs: 60_000,
    });
    await eventually(async () => JSON.stringify(await dependencies()) === '{"log":"up","store":"up"}', {
      what: 'the statistics to say so again',
      timeoutMs: 60_000,
    });
    await load.stop();

    t.same(
      [...load.answers.keys()].filter((status) => ![202, 503, 504].includes(Number(status))),
      [],
    );
    // No request waits for the broker. The bound is loose because the broker restarts on the same cores.
    t.ok(load.slowestMs < OUTAGE_MS / 2, `the slowest answer took ${Math.round(load.slowestMs)} ms`);
    await assertNothingLost(t, load, service.url);
    t.same(await service.stop(), { code: 0, signal: null });
  },
);
