import { writeFile } from 'node:fs/promises';
import { CommanderError } from 'commander';
import { Interruption } from '../drill/interruption.ts';
import { prepareAttacker } from './attacker-process.ts';
import { Cleanup } from './cleanup.ts';
import { findProgram } from './find-program.ts';
import { readOptions, type Options } from './options.ts';
import { hasFailed, reportAsText, type AttackReport, type AttackResult } from './report.ts';
import { judgeAttack } from './run-attack.ts';
import { embeddedTarget, gatewayTarget } from './targets.ts';
import { LIMITS } from './verdict.ts';

const EXIT = { passed: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** About three seconds. */
const WARM_UP_REQUESTS = 90;

process.exitCode = await main();

async function main(): Promise<number> {
  const interruption = new Interruption(EXIT.interrupted);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interruption.request());
  const { signal } = interruption;
  try {
    const options = readOptions(process.argv.slice(2));
    const report = await attackAll(options, signal);
    if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
    process.stdout.write(reportAsText(report));
    return hasFailed(report) ? EXIT.failed : EXIT.passed;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.passed : EXIT.usage;
    if (signal.aborted) {
      process.stderr.write('Interrupted; everything is cleaned up.\n');
      return EXIT.interrupted;
    }
    console.error('The attacks could not be completed:', error);
    return EXIT.failed;
  }
}

async function attackAll(options: Options, signal: AbortSignal): Promise<AttackReport> {
  const { attacks, seconds, gateway, rateLimit, floorMs } = options;
  const cleanup = new Cleanup();
  const results: AttackResult[] = [];
  try {
    const startTarget = gateway ? await gatewayTarget(cleanup, rateLimit) : embeddedTarget(rateLimit);
    for (const [index, { name, needs }] of attacks.entries()) {
      if (needs !== undefined && findProgram(needs.program) === undefined) {
        const why = `${needs.program} is not installed (${needs.install})`;
        results.push({ name, outcome: 'skipped', why });
        continue;
      }
      signal.throwIfAborted();
      const result = await judgeAttack(name, {
        seconds,
        startTarget,
        warmUpRequests: WARM_UP_REQUESTS,
        prepare: prepareAttacker,
        limits: { ...LIMITS, floorMs },
        signal,
        onProgress: (words) => process.stderr.write(`${index + 1}/${attacks.length} ${words}\n`),
      });
      process.stderr.write(`${index + 1}/${attacks.length} ${name}: ${result.outcome}\n`);
      results.push(result);
    }
  } finally {
    await cleanup.run();
  }
  return { mode: gateway ? 'gateway' : 'embedded', seconds, rateLimit, results };
}
