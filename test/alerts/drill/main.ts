import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, CommanderError } from 'commander';
import { alertRules } from '../../../tools/prometheus/rules.ts';
import { numberFrom } from '../../../tools/support/number-option.ts';
import { AlertLog } from './alert-log.ts';
import { FAULTS } from './faults.ts';
import { Prometheus } from './prometheus.ts';
import { runFault, type AlertResult } from './run-fault.ts';
import { World } from './world.ts';

interface Options {
  scale: number;
  healthyMinutes?: number;
  only?: string;
}

/** First requests are slow, which says nothing about a service that has run for a while. */
const WARM_UP_MS = 20_000;

const SCRAPE_MS = 1_000;

const FIRST_SAMPLES_MS = 10_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const program = new Command('drill:alerts')
    .description(
      'Runs the service under load with a real Prometheus and the rules of deploy/prometheus. Injects a fault for every alert, and ' +
        'waits until it fires and, after the fault, resolves; or shows that nothing fires while everything is healthy.',
    )
    .option('--scale <n>', 'divide ranges and pending times of the rules by this', numberFrom(1, 1_000), 240)
    .option(
      '--healthy-minutes <n>',
      'inject no fault for this time, with the rules scaled and as they are',
      numberFrom(0.1, 600),
    )
    .option('--only <text>', 'only faults whose name contains this')
    .exitOverride();
  try {
    program.parse();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  const options = program.opts<Options>();
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());
  say('Starting Kafka, PostgreSQL, an api, a worker, and a service of one process.');
  const world = await World.start();
  try {
    await delay(WARM_UP_MS, undefined, { signal: interruption.signal });
    return options.healthyMinutes === undefined
      ? await drill(world, options, interruption.signal)
      : await stayHealthy(world, options.healthyMinutes, options.scale, interruption.signal);
  } catch (error) {
    console.error('The drill could not be completed:', error);
    return 1;
  } finally {
    await world.stop();
  }
}

async function drill(world: World, { scale, only = '' }: Options, signal: AbortSignal): Promise<number> {
  const { prometheus, log } = await watch(world, scale, SCRAPE_MS);
  const results: AlertResult[] = [];
  const missing: string[] = [];
  try {
    for (const fault of FAULTS.filter(({ name }) => name.includes(only))) {
      const why = fault.missing?.(world);
      if (why !== undefined) {
        missing.push(`${fault.name}: ${why}`);
        continue;
      }
      say(`Fault: ${fault.name}`);
      results.push(...(await runFault(fault, world, log, signal)));
    }
  } finally {
    await log.stop();
    await prometheus.stop();
  }
  print(results);
  for (const line of missing) console.log(`Not injected: ${line}`);
  const covered = new Set(FAULTS.flatMap(({ alerts }) => alerts));
  const uncovered = alertRules()
    .map(({ alert, labels }) => `${alert} ${labels?.severity ?? ''}`)
    .filter((id) => !covered.has(id));
  for (const id of uncovered) console.log(`No fault makes it fire: ${id}`);
  const failed = results.filter(({ resolvedAfter }) => resolvedAfter === undefined);
  console.log(
    `${results.length - failed.length} of ${results.length} alerts fired and resolved; ranges divided by ${scale}`,
  );
  return failed.length + uncovered.length + missing.length === 0 ? 0 : 1;
}

async function stayHealthy(
  world: World,
  minutes: number,
  scale: number,
  signal: AbortSignal,
): Promise<number> {
  const watched = [await watch(world, scale, SCRAPE_MS), await watch(world, 1, 15_000)];
  say(`Watching for ${minutes} minutes.`);
  try {
    await delay(minutes * 60_000, undefined, { signal });
  } finally {
    for (const { log, prometheus } of watched) {
      await log.stop();
      await prometheus.stop();
    }
  }
  const fired = watched.flatMap(({ log, scale }) =>
    [...log.fired].map(([id, labels]) => `${id} (ranges divided by ${scale}) ${JSON.stringify(labels)}`),
  );
  for (const line of fired) console.log(`Fired: ${line}`);
  const answers = world.loads.map((load) =>
    [...load.answers].map(([answer, count]) => `${count} × ${answer}`),
  );
  console.log(`Answers to orders: ${answers.flat().join(', ')}`);
  console.log(
    `${fired.length} alerts fired in ${minutes} healthy minutes, rules as they are and divided by ${scale}`,
  );
  return fired.length === 0 ? 0 : 1;
}

async function watch(world: World, scale: number, scrapeMs: number) {
  const folder = join(world.folder, `prometheus-${scale}`);
  const prometheus = await Prometheus.start({ folder, scale, scrapeMs, targets: world.targets });
  // An increase is seen only of a series that has samples from before.
  await delay(Math.max(FIRST_SAMPLES_MS, 2 * scrapeMs));
  const log = new AlertLog(prometheus);
  log.start();
  return { prometheus, log, scale };
}

function print(results: readonly AlertResult[]): void {
  console.log('\n| Alert | Fault | Seconds to firing | Seconds to resolved |\n| --- | --- | ---: | ---: |');
  const figure = (seconds: number | undefined) => (seconds === undefined ? 'NO' : seconds.toFixed(1));
  for (const { alert, fault, firingAfter, resolvedAfter } of results) {
    console.log(`| ${alert} | ${fault} | ${figure(firingAfter)} | ${figure(resolvedAfter)} |`);
  }
  console.log('');
}

function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}
