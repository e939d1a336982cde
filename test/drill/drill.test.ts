import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { DrillReport } from './report.ts';

const main = fileURLToPath(new URL('./main.js', import.meta.url));
const DEADLINE_MS = 300_000;

t.setTimeout(DEADLINE_MS);

await t.test(
  'half a minute of crashes, frozen processes, a locked store and full disks loses no acknowledged order',
  { timeout: DEADLINE_MS },
  async (t) => {
    const file = join(await temporaryFolder(t), 'report.json');
    const faults = ['--faults', 'kill,freeze,lock-store,fill-store-disk,fill-log-disk'];
    const args = [main, '--seed', '5', '--minutes', '0.5', '--rate', '100', ...faults, '--report', file];
    const { code, output } = await run(args);
    t.equal(code, 0, output);
    const report = JSON.parse(await readFile(file, 'utf8')) as DrillReport;
    t.ok((report.faults.kill ?? 0) > 0, 'processes were killed');
    t.ok((report.faults.freeze ?? 0) > 0, 'processes were frozen');
    t.ok((report.faults['lock-store'] ?? 0) > 0, 'the store was locked');
    const fullDisks = [report.faults['fill-store-disk'], report.faults['fill-log-disk']];
    t.ok(report.skipped.length > 0 || fullDisks.every((times = 0) => times > 0), 'disks were full');
    t.ok((report.orders.failed ?? 0) > 0, 'orders failed');
    t.ok((report.orders.acknowledged ?? 0) > 50, 'orders were acknowledged');
    t.comment(output);
  },
);

await t.test('wrong usage is explained and exits with 2', async (t) => {
  const { code, output } = await run([main, '--minutes', 'soon']);
  t.equal(code, 2);
  t.match(output, /Give a number from/);
});

function run(args: string[]): Promise<{ code: number | string | null | undefined; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, output: stdout + stderr });
    });
  });
}
