import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
const fixture = fileURLToPath(new URL('./fixtures/append-to-small-disk.js', import.meta.url));
const run = promisify(execFile);
await t.test('an I/O error refuses appends, is told as a fault, and is healed when the disk takes writes', async (t) => {
    // Node ignores SIGXFSZ; what a test runner preloads through NODE_OPTIONS does not.
    const script = 'unset NODE_OPTIONS; ulimit -f 4000; exec "$0" "$@"';
    const { stdout } = await run('sh', ['-c', script, process.execPath, fixture, t.testdir()]);
    t.match(JSON.parse(stdout), {
        first: { code: 'log-unavailable', fault: /cannot be used: disk I\/O error/ },
        second: { code: 'log-unavailable', next: undefined, fault: undefined },
        forGood: 'log-unavailable',
        fault: /disk I\/O error/,
        lost: 0,
    });
});
//# sourceMappingURL=disk-errors.test.js.map