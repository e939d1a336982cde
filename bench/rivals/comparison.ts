import { kafkaVersion } from '../../tools/kafka/jars.ts';
import { machineLine } from '../support/report.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { toolchainVersions } from './builds.ts';
import { brokerOutage, killUnderLoad, replaceKafka } from './faults.ts';
import { closedLoop } from './loads.ts';
import { emptyResult, type Conditions, type Results, type RivalResult } from './results.ts';
import type { Rival } from './rivals.ts';
import { measureLatency, measureThroughput } from './speed.ts';
import { Stage, type Servers } from './stage.ts';

export interface Comparison {
  /** they are built */
  rivals: readonly Rival[];
  /** what could not be built; what cannot be measured is added */
  skipped: Results['skipped'];
  conditions: Conditions;
  /** false measures only speed */
  withFaults: boolean;
  /** called before each step, with what it does */
  onStep: (text: string) => void;
}

const WARM_UP_SECONDS = 4;

/** Builds what the toolchains of this machine allow. */
export async function buildAll(
  rivals: readonly Rival[],
  onStep: Comparison['onStep'],
): Promise<Pick<Comparison, 'rivals' | 'skipped'>> {
  const built: Rival[] = [];
  const skipped: Results['skipped'] = [];
  for (const rival of rivals) {
    onStep(`building ${rival.title}`);
    await rival.build().then(
      () => built.push(rival),
      (error: unknown) => skipped.push({ title: rival.title, reason: messageOf(error) }),
    );
  }
  return { rivals: built, skipped };
}

/**
 * Measures all rivals: speed in interleaved rounds, then what a kill and an outage lose. What fails for one of them is
 * noted in its result and does not end the run.
 */
export async function compare(servers: Servers, comparison: Comparison): Promise<Results> {
  const { conditions, skipped, rivals } = comparison;
  const results = new Map(rivals.map((rival) => [rival, emptyResult(rival)]));
  const accepting = rivals.filter(({ kind }) => kind !== 'store');
  const storing = rivals.filter(({ kind }) => kind === 'store');
  await measureSpeed(accepting, servers, comparison, results);
  const note = (title: string) => (error: unknown) => {
    skipped.push({ title, reason: messageOf(error) });
    return undefined;
  };
  const launched = storing.length > 0 ? PostgresServer.launch('durable') : Promise.resolve(undefined);
  const database = await launched.catch(note('PostgreSQL'));
  servers.postgres = database;
  let outageMs: number | undefined;
  try {
    await measureSpeed(storing, servers, comparison, results);
    const hasStarted = (rival: Rival) => results.get(rival)?.samples.startMs.length !== 0;
    const keeping = rivals.filter((rival) => rival.kind !== 'bare' && hasStarted(rival));
    const faults = measureFaults(comparison.withFaults ? keeping : [], servers, comparison, results);
    outageMs = await faults.catch(note('The broker outage'));
  } finally {
    await database?.remove();
  }
  return {
    ...{ machine: machineLine(), kafka: kafkaVersion(), versions: await toolchainVersions() },
    ...{ conditions, outageMs: outageMs ?? 0, skipped, rivals: [...results.values()] },
  };
}

type ResultOf = ReadonlyMap<Rival, RivalResult>;

async function measureSpeed(
  rivals: readonly Rival[],
  servers: Servers,
  { conditions, onStep }: Comparison,
  results: ResultOf,
): Promise<void> {
  const stages: Stage[] = [];
  try {
    for (const rival of rivals) {
      onStep(`starting ${rival.title}`);
      const stage = await attempt(results.get(rival), 'start', () => Stage.open(rival, servers));
      if (stage === undefined) continue;
      stages.push(stage);
      // Every start but the last is stopped again; the first one also creates what is missing.
      for (let round = 1; round <= conditions.rounds; round += 1) {
        const running = await attempt(results.get(rival), 'start', () => stage.start());
        if (running === undefined) break;
        results.get(rival)?.samples.startMs.push(running.startMs);
        if (round < conditions.rounds) await running.stop();
      }
      const warmUp = { connections: conditions.connections, seconds: rival.warmUpSeconds ?? WARM_UP_SECONDS };
      await attempt(results.get(rival), 'warm-up', () => closedLoop(stage.running.url, warmUp));
    }
    for (let round = 0; round < conditions.rounds; round += 1) {
      // Each round begins with another one.
      for (const stage of [...stages.slice(round), ...stages.slice(0, round)]) {
        const result = results.get(stage.rival);
        if (result === undefined || !stage.isRunning) continue;
        onStep(`round ${round + 1} of ${conditions.rounds}: ${stage.rival.title}`);
        const { samples } = result;
        await attempt(result, 'throughput', () => measureThroughput(stage, servers, conditions, samples));
        await attempt(result, 'latency', () => measureLatency(stage, conditions, samples));
      }
    }
  } finally {
    await closeAll(stages, results);
  }
}

/** @returns how long the broker was away, ms */
async function measureFaults(
  rivals: readonly Rival[],
  servers: Servers,
  { conditions, onStep }: Comparison,
  results: ResultOf,
): Promise<number> {
  if (rivals.length === 0) return 0;
  for (const rival of rivals) {
    onStep(`kill -9 of ${rival.title}`);
    const result = results.get(rival);
    const kill = await attempt(result, 'kill', async () => {
      const stage = await Stage.open(rival, servers);
      try {
        return await killUnderLoad(stage, conditions);
      } finally {
        await stage.close();
      }
    });
    if (result !== undefined && kill !== undefined) result.kill = kill;
  }
  onStep(`broker outage of ${conditions.outageSeconds} s`);
  await replaceKafka(servers);
  const stages: Stage[] = [];
  try {
    for (const rival of rivals) {
      await attempt(results.get(rival), 'start before the outage', async () => {
        const stage = await Stage.open(rival, servers);
        await stage.start().catch(async (error: unknown) => {
          await stage.close();
          throw error;
        });
        stages.push(stage);
      });
    }
    const outage = await brokerOutage(stages, servers, conditions);
    for (const [stage, result] of outage.results) {
      const own = results.get(stage.rival);
      if (own !== undefined) own.outage = result;
    }
    return outage.outageMs;
  } finally {
    await closeAll(stages, results);
  }
}

async function closeAll(stages: readonly Stage[], results: ResultOf): Promise<void> {
  for (const stage of stages) await attempt(results.get(stage.rival), 'stop', () => stage.close());
}

/** @returns undefined when it failed; the reason is among the result's problems then */
async function attempt<Value>(
  result: RivalResult | undefined,
  what: string,
  work: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    result?.problems.push(`${what}: ${messageOf(error)}`);
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
