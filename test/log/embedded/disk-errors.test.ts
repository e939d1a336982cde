import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';

const fixture = fileURLToPath(new URL('./fixtures/append-to-small-disk.js', import.meta.url));
const run = promisify(execFile);

await t.test(
  'after an I/O error appends are refused and the log is not ready, until the disk accepts writes again',
  async (t) => {
    // Without NODE_OPTIONS: Node ignores SIGXFSZ, but modules that a test runner preloads may not.
    const script = 'unset NODE_OPTIONS; ulimit -f 4000; exec "$0" "$@"';
    const { stdout } = await run('sh', ['-c', script, process.execPath, fixture, t.testdir()]);
    t.match(JSON.parse(stdout), {
      first: { code: 'log-unavailable', problem: /cannot be used: disk I\/O error/ },
      second: { code: 'log-unavailable', next: undefined, problem: undefined },
      forGood: 'log-unavailable',
      problem: /disk I\/O error/,
      lost: 0,
    });
  },
);
