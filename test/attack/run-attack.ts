import { setTimeout as delay } from 'node:timers/promises';
import { toError } from '../../src/base/errors.ts';
import { eventually } from '../../tools/support/eventually.ts';
import type { ServiceProcess } from '../../tools/support/service-process.ts';
import type { PreparedAttack, PrepareAttack } from './attacker-process.ts';
import { Cleanup } from './cleanup.ts';
import { HonestClient } from './honest-client.ts';
import { ProcessMeter } from './process-meter.ts';
import type { AttackResult, JudgedAttack } from './report.ts';
import type { TallyReport } from './tally.ts';
import type { StartTarget } from './targets.ts';
import { failuresOf, isOnlySlow, type Limits, type Measured } from './verdict.ts';

export interface AttackOptions {
  seconds: number;
  /** honest requests before anything is measured: just-in-time compilation must not count */
  warmUpRequests: number;
  startTarget: StartTarget;
  prepare: PrepareAttack;
  limits: Limits;
  signal: AbortSignal;
  onProgress: (words: string) => void;
}

const MIN_QUIET_MS = 2_000;

/** Runs one attack; once more if it was only too slow. An error makes it broken. @throws the signal's reason */
export async function judgeAttack(name: string, options: AttackOptions): Promise<AttackResult> {
  try {
    const first = await runAttack(name, options);
    if (first.outcome === 'passed' || !isOnlySlow(first, options.limits)) return first;
    options.onProgress(`${name}: ${first.failures.join('; ')}; once more`);
    return { ...(await runAttack(name, options)), runs: 2 };
  } catch (error) {
    options.signal.throwIfAborted();
    return { name, outcome: 'broken', why: toError(error).message };
  }
}

/** Starts a target, and measures how the honest client feels in quiet, then under attack. */
export async function runAttack(name: string, options: AttackOptions): Promise<JudgedAttack> {
  const cleanup = new Cleanup();
  try {
    const target = await options.startTarget(cleanup);
    const honest = await HonestClient.start(target);
    cleanup.teardown(() => honest.stop());
    const { url, grpcAddress, hidesRoutes } = target;
    const { seconds } = options;
    const attack = await options.prepare({ attack: name, url, grpcAddress, hidesRoutes, seconds });
    const kill = () => attack.kill();
    options.signal.addEventListener('abort', kill);
    cleanup.teardown(() => {
      options.signal.removeEventListener('abort', kill);
      kill();
    });
    const { answers, ...measured } = await measure(name, target.services, honest, attack, options);
    const failures = failuresOf(measured, options.limits);
    const outcome = failures.length === 0 ? 'passed' : 'failed';
    return { name, outcome, failures, answers, runs: 1, ...measured };
  } finally {
    await cleanup.run();
  }
}

async function measure(
  name: string,
  services: readonly ServiceProcess[],
  honest: HonestClient,
  attack: PreparedAttack,
  { seconds, warmUpRequests, signal, onProgress }: AttackOptions,
): Promise<Measured & Pick<TallyReport, 'answers'>> {
  const meter = new ProcessMeter(services.flatMap(({ pid }) => pid ?? []));
  let exited = 0;
  const countExit = () => (exited += 1);
  for (const service of services) service.exited.then(countExit, countExit);
  const warmUp = honest.enter();
  const isWarm = () => warmUp.answeredRequests >= warmUpRequests;
  await eventually(isWarm, { what: 'answers to honest requests' });

  onProgress(`${name}: quiet`);
  const quiet = honest.enter();
  const quietHalf = () => delay(Math.max(MIN_QUIET_MS, seconds * 500) / 2, undefined, { signal });
  const [one, other] = [await cpuDuring(meter, quietHalf), await cpuDuring(meter, quietHalf)];
  // The lower one: compilation that was late must not count as the need of the honest client.
  const quietCpuShare = Math.min(one.cpuMs / one.ms, other.cpuMs / other.ms);

  onProgress(`${name}: under attack for ${seconds} s`);
  const attacked = honest.enter();
  meter.resetPeak();
  const { result, cpuMs, ms } = await cpuDuring(meter, async () => {
    const report = await attack.run();
    honest.enter();
    await honest.drained(attacked);
    return report;
  });
  const { requests, answers, findings } = result;
  const extraCpuMs = Math.max(0, cpuMs - quietCpuShare * ms);
  return {
    quiet: quiet.felt(),
    attacked: attacked.felt(),
    requests,
    cpuMsPerRequest: extraCpuMs / Math.max(1, requests),
    peakMiB: meter.peakMiB(),
    exited,
    findings,
    answers,
  };
}

async function cpuDuring<T>(
  meter: ProcessMeter,
  work: () => Promise<T>,
): Promise<{ result: T; cpuMs: number; ms: number }> {
  const startedAt = performance.now();
  const before = meter.cpuMs();
  const result = await work();
  return { result, cpuMs: meter.cpuMs() - before, ms: performance.now() - startedAt };
}
