import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startKafka } from '../tools/kafka/broker-process.ts';
import { measureCases, rowsOfCases, type AcceptCase, type Comparison } from './support/accept-cases.ts';
import { benchmarkCommand, count } from './support/benchmark-command.ts';
import { withFolder } from './support/folders.ts';
import { MeasuredProcess, OTLP_RECEIVER, SERVICE, UNDER_LOAD } from './support/measured-process.ts';
import { printReport } from './support/report.ts';

/**
 * CPU time of the serving process per accepted order on Kafka: without tracing, with one trace in a hundred orders, and with a
 * trace of each order. Exporting the spans is part of it.
 */
const { rounds, orders, connections, other } = benchmarkCommand('tracing')
  .option('--rounds <n>', 'rounds', count, 9)
  .option('--orders <n>', 'orders a round, for each line of the report', count, 10_000)
  .option('--connections <n>', 'connections', count, 256)
  .option('--other <file>', 'dist/src/main.js of another build of the service, to measure beside it')
  .addHelpText('after', '\nUses the Kafka at KAFKA_BROKERS, or starts one for the time it runs.')
  .parse()
  .opts<{ rounds: number; orders: number; connections: number; other?: string }>();

/** Spans are exported while orders arrive, not after the measurement, and none may be dropped. */
const EXPORT = { OTEL_BSP_SCHEDULE_DELAY: '1000', OTEL_BSP_MAX_QUEUE_SIZE: '200000' };
const LOST = /^orders_trace_spans_lost_total\{.*\} (\d+)/gm;

const cases: AcceptCase[] = [];
const comparisons: Comparison[] = [];
const started: MeasuredProcess[] = [];

await withFolder(async (folder) => {
  const given = process.env.KAFKA_BROKERS;
  const kafka = given === undefined ? await startKafka({ dataDirectory: join(folder, 'kafka') }) : undefined;
  const receiver = await MeasuredProcess.start(OTLP_RECEIVER, [], {});
  const add = async (name: string, module: URL, tracing: Record<string, string>) => {
    const service = await MeasuredProcess.start(module, ['serve', '--role', 'api'], {
      ...{ ...UNDER_LOAD, LOG_LEVEL: 'info', DATA_DIR: join(folder, name) },
      KAFKA_BROKERS: kafka?.brokers ?? given ?? '',
      KAFKA_TOPIC_PREFIX: `bench-${process.pid}-${started.length}-`,
      ...tracing,
    });
    started.push(service);
    const load = { orders, connections, ordersPerRequest: 1 };
    const added: AcceptCase = { name, process: service, load, costs: [] };
    cases.push(added);
    return added;
  };
  const sampled = (share: string) => ({
    ...EXPORT,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: share,
  });
  try {
    const off = await add('tracing off', SERVICE, {});
    if (other !== undefined)
      compare(off, await add('other build', pathToFileURL(other), {}), 'to the other build', '≤ 1.00');
    compare(await add('1 % of orders traced', SERVICE, sampled('0.01')), off, 'to tracing off', '≤ 1.03');
    compare(await add('all orders traced', SERVICE, sampled('1')), off, 'to tracing off', '≤ 1.2');
    await measureCases(cases, rounds);
    for (const service of started) await refuseLoss(service);
    if ((await (await fetch(receiver.url)).text()) === '0') throw new Error('No span was exported.');
  } finally {
    for (const service of started) await service.stop();
    await receiver.stop();
    await kafka?.stop();
  }
});

printReport(
  `CPU per accepted order on Kafka with tracing: ${orders} orders a round over ${connections} connections`,
  rowsOfCases(cases, comparisons),
);

function compare(ours: AcceptCase, reference: AcceptCase, unit: string, target: string): void {
  comparisons.push({ ours, reference, of: 'cpuMicros', unit, target });
}

/** A span that is dropped costs less than one that is exported. */
async function refuseLoss({ url }: MeasuredProcess): Promise<void> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lost = [...text.matchAll(LOST)].reduce((sum, [, spans]) => sum + Number(spans), 0);
  if (lost > 0) throw new Error(`${lost} spans were lost.`);
}
