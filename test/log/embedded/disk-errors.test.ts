import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { DISK_FAULTS_MISSING, DiskFaults } from '../../../tools/support/disk-faults.ts';

const fixture = fileURLToPath(new URL('./fixtures/append-to-small-disk.js', import.meta.url));
const run = promisify(execFile);

await t.test(
  'after an I/O error the outcome is unknown, appends are refused and the log is not ready, until the disk accepts writes again',
  async (t) => {
    // Without NODE_OPTIONS: Node ignores SIGXFSZ, but modules that a test runner preloads may not.
    const script = 'unset NODE_OPTIONS; ulimit -f 4000; exec "$0" "$@"';
    const { stdout } = await run('sh', ['-c', script, process.execPath, fixture, t.testdir()]);
    t.match(JSON.parse(stdout), {
      first: { code: 'log-timeout', problem: /cannot be used: disk I\/O error/ },
      recovered: undefined,
      second: { code: 'log-timeout', next: 'log-unavailable', problem: /disk I\/O error/ },
      forGood: 'log-unavailable',
      problem: /disk I\/O error/,
      lost: 0,
    });
  },
);

const failAndRecover = fileURLToPath(new URL('./fixtures/fail-and-recover.js', import.meta.url));

async function saidWhen(t: Test, scenario: 'retention' | 'checkpoint' | 'lost' | 'full'): Promise<object> {
  const folder = t.testdir({ data: {} });
  const faults = await DiskFaults.create(folder);
  t.teardown(() => faults.close());
  const env = { ...process.env, ...faults.environment };
  const { stdout } = await run(process.execPath, [failAndRecover, `${folder}/data`, scenario], { env });
  return JSON.parse(stdout) as object;
}

const skip = DISK_FAULTS_MISSING ?? false;

await t.test(
  'an error while old records are deleted ends appends until the disk works',
  { skip },
  async (t) => {
    t.match(await saidWhen(t, 'retention'), {
      problem: /disk I\/O error, SQLITE_IOERR_WRITE/,
      refused: 'log-unavailable',
      next: 'done',
      records: 2,
    });
  },
);

await t.test('a checkpoint that fails is noticed, after the append was acknowledged', { skip }, async (t) => {
  t.match(await saidWhen(t, 'checkpoint'), {
    acknowledged: 'done',
    problem: /disk I\/O error, SQLITE_IOERR_FSYNC/,
    refused: 'log-unavailable',
    next: 'done',
    records: 102,
  });
});

await t.test(
  'when the disk has lost acknowledged records, the log stays unavailable',
  { skip },
  async (t) => {
    t.match(await saidWhen(t, 'lost'), {
      second: 'done',
      unknown: 'log-timeout',
      problem: /the disk has lost \d+ of \d+ pages that it had confirmed/,
      refused: 'log-unavailable',
      records: 2,
    });
  },
);

await t.test(
  'a full disk is one problem, from the first refusal until there is room',
  { skip },
  async (t) => {
    t.match(await saidWhen(t, 'full'), {
      refused: 'log-full',
      again: 'log-full',
      problem: /its disk is full/,
      next: 'done',
      reports: 2,
      records: 2,
    });
  },
);
