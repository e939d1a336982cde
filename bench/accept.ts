import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { startKafka } from '../tools/kafka/broker-process.ts';
import { MeasuredProcess } from './support/measured-process.ts';
import { printReport, ratios } from './support/report.ts';
import { sampleOrder } from './support/sample-order.ts';

class Rival {
  readonly name: string;
  readonly process: MeasuredProcess;
  readonly cpu: number[] = [];
  readonly rate: number[] = [];
  readonly p99: number[] = [];

  constructor(name: string, process: MeasuredProcess) {
    this.name = name;
    this.process = process;
  }
}

/**
 * What an accepted order costs: CPU time of the serving process (all its threads) per order, ours on Kafka and on the
 * embedded log, against a bare Fastify route with the same schema and reply. Rounds are interleaved.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '15000' },
    connections: { type: 'string', default: '256' },
  },
});
const [rounds, requests, connections] = [
  Number(values.rounds),
  Number(values.requests),
  Number(values.connections),
];

const folder = await mkdtemp(join(tmpdir(), 'order-system-bench-'));
const given = process.env.KAFKA_BROKERS;
const kafka = given === undefined ? await startKafka({ dataDirectory: join(folder, 'kafka') }) : undefined;
const main = new URL('../src/main.js', import.meta.url);
const common = { PORT: '0', GRPC_PORT: '0', DATA_DIR: folder, LOG_LEVEL: 'info' };

const onKafka = {
  KAFKA_BROKERS: kafka?.brokers ?? given ?? '',
  KAFKA_TOPIC_PREFIX: `bench-${process.pid}-`,
};
const support = (name: string) => new URL(`./support/${name}.js`, import.meta.url);
const rivals = [
  new Rival('bare Fastify route', await MeasuredProcess.start(support('bare-server'), [], {})),
  new Rival('the same + append to Kafka', await MeasuredProcess.start(support('append-server'), [], onKafka)),
  new Rival(
    'order-system api on Kafka',
    await MeasuredProcess.start(main, ['serve', '--role', 'api'], { ...common, ...onKafka }),
  ),
];

try {
  for (const { process: rival } of rivals) await load(rival, 5_000);
  for (let round = 1; round <= rounds; round += 1) {
    for (const rival of rivals) {
      const before = await rival.process.usage();
      const result = await load(rival.process, requests);
      const after = await rival.process.usage();
      rival.cpu.push((after.cpuMicros - before.cpuMicros) / requests);
      rival.rate.push(requests / ((result.finish.getTime() - result.start.getTime()) / 1000));
      rival.p99.push(result.latency.p99);
    }
    if (process.stderr.isTTY) process.stderr.write(`\rround ${round} of ${rounds}`);
  }
} finally {
  for (const { process: rival } of rivals) await rival.stop();
  await kafka?.stop();
  await rm(folder, { recursive: true, force: true });
}

const [reference, appending, ours] = rivals;
printReport(`CPU per accepted order: ${requests} requests a round over ${connections} connections`, [
  ...rivals.map(({ name, cpu }) => ({ name, unit: 'µs CPU an order', digits: 1, samples: cpu })),
  {
    name: 'order-system / bare',
    unit: '(first mark: ≤ 1.6)',
    digits: 2,
    samples: ratios(ours?.cpu ?? [], reference?.cpu ?? []),
  },
  {
    name: 'append alone / bare',
    unit: '',
    digits: 2,
    samples: ratios(appending?.cpu ?? [], reference?.cpu ?? []),
  },
  ...rivals.map(({ name, rate }) => ({ name, unit: 'orders/s', digits: 0, samples: rate })),
  ...rivals.map(({ name, p99 }) => ({ name, unit: 'ms, p99', digits: 0, samples: p99 })),
]);

/** @throws Error unless every answer was a 202 */
async function load(target: MeasuredProcess, amount: number): Promise<autocannon.Result> {
  const result = await autocannon({
    url: `${target.url}/v1/orders`,
    method: 'POST',
    connections,
    amount,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(sampleOrder(1)),
  });
  const accepted = result.statusCodeStats?.['202']?.count ?? 0;
  if (accepted !== amount) {
    throw new Error(`${accepted} of ${amount} were accepted: ${JSON.stringify(result.statusCodeStats)}`);
  }
  return result;
}
