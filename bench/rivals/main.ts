import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { debuglog } from 'node:util';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { startKafka } from '../../tools/kafka/broker-process.ts';
import { integerFrom } from '../../tools/support/number-option.ts';
import { withFolder } from '../support/folders.ts';
import { buildAll, compare } from './comparison.ts';
import { readResults, RESULTS_FILE, writeDocuments } from './documents.ts';
import type { Conditions } from './results.ts';
import { RIVALS, type Rival } from './rivals.ts';
import { fullReport } from './tables.ts';

/** NODE_DEBUG=rivals prints them. */
const steps = debuglog('rivals');

const FULL: Conditions = {
  ...{ rounds: 3, connections: 64, seconds: 5, storedOrders: 12_000 },
  ...{ rate: 500, openLoopSeconds: 8, outageSeconds: 20 },
};
const QUICK: Conditions = {
  ...FULL,
  ...{ rounds: 1, seconds: 2, storedOrders: 3_000, openLoopSeconds: 3, outageSeconds: 5 },
};

const options = new Command('npm run bench:rivals --')
  .description('Compares this service with small servers that others would write, on one Kafka.')
  .option('--only <ids>', `some of ${RIVALS.map(({ id }) => id).join(', ')}`, rivalsOf, RIVALS)
  .option('--quick', 'one short round: to see whether it works')
  .option('--rounds <n>', 'rounds', integerFrom(1, 100))
  .option('--no-faults', 'measure only speed: no kill, no outage')
  .option('--write', `write ${RESULTS_FILE}, the charts, and the tables of the documents`)
  .option('--render', 'only write charts and tables again, from the results file')
  .parse()
  .opts<{
    only: readonly Rival[];
    quick?: true;
    rounds?: number;
    faults: boolean;
    write?: true;
    render?: true;
  }>();

// One for each server and rival that runs, at most all at once.
process.setMaxListeners(RIVALS.length * 2 + 10);

// Children are killed when this process exits, which a signal alone does not make it do.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

if (options.render === true) {
  await writeDocuments(await readResults());
} else if (!existsSync('/proc/self/stat')) {
  console.error('CPU time and memory are read from /proc, which this system does not have: run it on Linux.');
  process.exitCode = 2;
} else {
  await run(options.only);
}

async function run(rivals: readonly Rival[]): Promise<void> {
  const preset = options.quick === true ? QUICK : FULL;
  const conditions = { ...preset, rounds: options.rounds ?? preset.rounds };
  const format = '{bar} {percentage}% {text}';
  const bar = new SingleBar({ format, hideCursor: true, stream: process.stderr, clearOnComplete: true });
  const withLog = rivals.filter(({ kind }) => kind !== 'bare').length;
  bar.start(rivals.length * (2 + conditions.rounds) + withLog + 1, 0, { text: '' });
  const onStep = (text: string) => {
    steps(`${new Date().toISOString()} ${text}`);
    bar.increment(1, { text });
  };
  try {
    const built = await buildAll(rivals, onStep);
    const results = await withFolder(async (folder) => {
      // After a signal nothing else removes it.
      process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
      const servers = { folder, kafka: await startKafka({ dataDirectory: join(folder, 'kafka') }) };
      try {
        return await compare(servers, { ...built, conditions, withFaults: options.faults, onStep });
      } finally {
        await servers.kafka.stop();
      }
    });
    bar.stop();
    console.log(fullReport(results));
    if (options.write === true) await writeDocuments(results);
  } finally {
    bar.stop();
  }
}

/** @throws InvalidArgumentError for an id that no rival has */
function rivalsOf(ids: string): Rival[] {
  const wanted = ids.split(',');
  const unknown = wanted.filter((id) => RIVALS.every((rival) => rival.id !== id));
  if (unknown.length > 0) throw new InvalidArgumentError(`There is no rival ${unknown.join(', ')}.`);
  return RIVALS.filter(({ id }) => wanted.includes(id));
}
