import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { ServiceProcess } from '../../tools/support/service-process.ts';
import { prepareAttacker, type PrepareAttack } from './attacker-process.ts';
import { reportAsText, type JudgedAttack } from './report.ts';
import { runAttack } from './run-attack.ts';
import { embeddedTarget, type StartTarget } from './targets.ts';
import type { TallyReport } from './tally.ts';
import { LIMITS } from './verdict.ts';

/** Other tests use the same cores: only a service that hangs is too slow here. `npm run attack` judges strictly. */
const FLOOR_MS = 12_000;

const FREEZE_MS = 4_000;

const RATE_LIMIT = 200;
const startEmbedded = embeddedTarget(RATE_LIMIT);
const options = {
  warmUpRequests: 20,
  limits: { ...LIMITS, floorMs: FLOOR_MS },
  signal: new AbortController().signal,
  onProgress: () => undefined,
};

/** The attacks of the short form, all at the same time. */
const TOGETHER = [
  'slow-headers',
  'slow-bodies',
  'connection-flood',
  'bulk-actions',
  'deep-brackets',
  'not-utf8',
];

if (process.platform !== 'linux') {
  t.plan(0, 'needs /proc and the addresses of 127.0.0.0/8');
} else {
  await t.test('an honest client hardly feels several attacks at once', async (t) => {
    const result = await runAttack('together', {
      ...options,
      seconds: 3,
      startTarget: startEmbedded,
      prepare: together,
    });
    t.same(result.failures, [], reportOf(result));
    t.ok(result.requests > 100, `${result.requests} hostile requests`);
    t.ok(result.attacked.requests > 30, `${result.attacked.requests} honest requests`);
    t.ok(result.attacked.events > 0, 'events arrived');
  });

  await t.test('the suite fails when the honest client has to wait', async (t) => {
    let service: ServiceProcess | undefined;
    const startTarget: StartTarget = async (scope) => {
      const target = await startEmbedded(scope);
      [service] = target.services;
      return target;
    };
    const freeze = attackBy(async () => {
      service?.signal('SIGSTOP');
      await delay(FREEZE_MS);
      service?.signal('SIGCONT');
    });
    const result = await runAttack('freeze', {
      ...options,
      seconds: 1,
      startTarget,
      // An absolute limit: on a busy machine five times the quiet p99 can be longer than the freeze.
      limits: { ...LIMITS, slowdown: 0, floorMs: 500 },
      prepare: freeze,
    });
    t.equal(result.outcome, 'failed', reportOf(result));
    t.match(result.failures.join('\n'), /^(p99 was|\d+ honest errors)/m);
  });

  await t.test('wrong usage is explained and exits with 2', async (t) => {
    const main = fileURLToPath(new URL('./main.js', import.meta.url));
    const output = await new Promise<string>((resolve) => {
      execFile(process.execPath, [main, '--attack', 'none'], (error, stdout, stderr) => {
        t.equal(error?.code, 2);
        resolve(stdout + stderr);
      });
    });
    t.match(output, /Choose from .*deep-brackets/);
  });
}

/** Prepares and runs several attacks at the same time, and adds up their reports. */
async function together(orders: Parameters<PrepareAttack>[0]): ReturnType<PrepareAttack> {
  const attacks = await Promise.all(TOGETHER.map((attack) => prepareAttacker({ ...orders, attack })));
  return {
    run: async () => {
      const reports = await Promise.all(attacks.map((attack) => attack.run()));
      return {
        requests: reports.reduce((total, { requests }) => total + requests, 0),
        answers: {},
        findings: reports.flatMap(({ findings }) => findings),
      };
    },
    kill: () => attacks.forEach((attack) => attack.kill()),
  };
}

function attackBy(act: () => Promise<void>): PrepareAttack {
  const report: TallyReport = { requests: 1, answers: {}, findings: [] };
  return () => Promise.resolve({ run: () => act().then(() => report), kill: () => undefined });
}

function reportOf(result: JudgedAttack): string {
  return reportAsText({ mode: 'embedded', seconds: 3, rateLimit: RATE_LIMIT, results: [result] });
}
