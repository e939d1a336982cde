import { randomInt } from 'node:crypto';
import { toError } from '../../src/base/errors.ts';
import type { Coverage } from './coverage.ts';
import { mutate } from './mutate.ts';
import type { Run } from './targets.ts';

/** CPU milliseconds that an input may take. */
export const SLOW_MS = 100;

/** Inputs run between two looks at the coverage, which cost milliseconds each. */
const INPUTS_PER_LOOK = 128;

export interface Finding {
  kind: 'crash' | 'slow';
  bytes: Buffer;
  problem: string;
}

export interface FuzzResult {
  executions: number;
  /** inputs that reached new blocks, without those given */
  reached: Buffer[];
  slowestMs: number;
  slowest: Buffer;
  /** ends the run */
  finding: Finding | undefined;
}

/** Mutates inputs and keeps those that reach new blocks, until the time is over or there is a finding. */
export async function fuzz(
  run: Run,
  given: readonly Buffer[],
  coverage: Coverage,
  { seconds, maxBytes }: { seconds: number; maxBytes: number },
): Promise<FuzzResult> {
  const deadline = performance.now() + seconds * 1000;
  const inputs = given.length > 0 ? [...given] : [Buffer.alloc(0)];
  const result: FuzzResult = {
    executions: 0,
    reached: [],
    slowestMs: 0,
    slowest: Buffer.alloc(0),
    finding: undefined,
  };
  const any = () => inputs[randomInt(inputs.length)] ?? Buffer.alloc(0);
  const execute = async (bytes: Buffer) => {
    result.executions += 1;
    try {
      const ms = await steadyCpuMs(run, bytes, result.slowestMs);
      if (ms > result.slowestMs) Object.assign(result, { slowestMs: ms, slowest: bytes });
      if (ms > SLOW_MS) result.finding = { kind: 'slow', bytes, problem: `It takes ${ms.toFixed(0)} ms.` };
    } catch (error) {
      result.finding = { kind: 'crash', bytes, problem: toError(error).stack ?? '' };
    }
  };
  for (const bytes of inputs) {
    await execute(bytes);
    if (hasFinding(result)) return result;
  }
  coverage.remember(coverage.takeNew());
  while (performance.now() < deadline) {
    const tried: Buffer[] = [];
    while (tried.length < INPUTS_PER_LOOK && performance.now() < deadline) {
      const bytes = mutate(any(), any(), maxBytes);
      tried.push(bytes);
      await execute(bytes);
      if (hasFinding(result)) return result;
    }
    if (coverage.takeNew().length === 0) continue;
    for (const bytes of tried) {
      await run(bytes);
      const blocks = coverage.takeNew();
      if (blocks.length === 0) continue;
      coverage.remember(blocks);
      inputs.push(bytes);
      result.reached.push(bytes);
    }
  }
  return result;
}

function hasFinding({ finding }: FuzzResult): boolean {
  return finding !== undefined;
}

/** CPU milliseconds of one run. A run that looks slow is repeated: compilation and garbage collection are not its own cost. */
export async function steadyCpuMs(run: Run, bytes: Buffer, suspectMs: number): Promise<number> {
  let best = await cpuMs(run, bytes);
  for (let times = 0; times < 4 && best > suspectMs; times += 1)
    best = Math.min(best, await cpuMs(run, bytes));
  return best;
}

async function cpuMs(run: Run, bytes: Buffer): Promise<number> {
  const before = process.cpuUsage();
  await run(bytes);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
