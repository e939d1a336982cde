import { join } from 'node:path';
import { benchmarkCommand, count } from './support/benchmark-command.ts';
import { sampleOrder } from './support/sample-order.ts';
import { withFolder } from './support/folders.ts';
import { MeasuredProcess, REFERENCE, SERVICE } from './support/measured-process.ts';
import { printReport, ratios, spreadOf } from './support/report.ts';
import { inRounds } from './support/rounds.ts';

/** From starting a process until it has accepted its first order: the service (`--role all`) and a bare Fastify route. */
const { rounds } = benchmarkCommand('start')
  .option('--rounds <n>', 'rounds', count, 9)
  .parse()
  .opts<{ rounds: number }>();

const bare: number[] = [];
const first: number[] = [];
const again: number[] = [];

await inRounds(rounds, async () => {
  bare.push(await millisecondsToFirst(REFERENCE, [], {}));
  await withFolder(async (folder) => {
    const settings = { PORT: '0', GRPC_PORT: '0', DATA_DIR: join(folder, 'data') };
    first.push(await millisecondsToFirst(SERVICE, ['serve'], settings));
    again.push(await millisecondsToFirst(SERVICE, ['serve'], settings));
  });
});

const starts = [
  { name: 'bare Fastify route', samples: bare },
  { name: 'order-system, new data folder', samples: first },
  { name: 'order-system, existing data folder', samples: again },
];
printReport(
  'From starting the process to its first 202',
  [
    ...starts.map((each) => ({ ...each, unit: 'ms', digits: 0 })),
    ...starts.slice(1).map(({ name, samples }) => ({
      ...{ name, unit: 'to the bare route', digits: 2, better: 'lower' as const },
      samples: ratios(samples, bare),
    })),
  ],
  {
    kind: 'bars',
    title: 'From starting the process to its first 202',
    description:
      'Milliseconds of the service, with a new and an existing data folder, and of a bare Fastify route.',
    unit: 'ms',
    groups: starts.map(({ name }) => name),
    series: [{ name: 'to the first 202', values: starts.map(({ samples }) => spreadOf(samples)) }],
  },
);

async function millisecondsToFirst(
  module: URL,
  args: string[],
  settings: Record<string, string>,
): Promise<number> {
  const startedAt = performance.now();
  const process = await MeasuredProcess.start(module, args, settings);
  try {
    const { status } = await fetch(`${process.url}/v1/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(sampleOrder(1)),
    });
    if (status !== 202) throw new Error(`The first order got ${status}.`);
    return performance.now() - startedAt;
  } finally {
    await process.stop();
  }
}
