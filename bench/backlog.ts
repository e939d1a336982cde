import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { benchmarkCommand, count } from './support/benchmark-command.ts';
import { fillLog } from './support/fill-log.ts';
import { withFolder } from './support/folders.ts';
import { recordsProcessed } from './support/many-orders.ts';
import { MeasuredProcess, SERVICE } from './support/measured-process.ts';
import { openConnections } from './support/open-connections.ts';
import { machineLine, median } from './support/report.ts';

/**
 * The resident memory of the service (`--role all`) while it drains a short and a long backlog, and with many open
 * connections. It must grow with neither.
 */
const { short, long, connections } = benchmarkCommand('backlog')
  .option('--short <n>', 'orders in the short backlog', count, 100_000)
  .option('--long <n>', 'orders in the long backlog', count, 1_000_000)
  .option('--connections <n>', 'open connections', count, 10_000)
  .parse()
  .opts<{ short: number; long: number; connections: number }>();

console.log(`\nMemory of the service (--role all, embedded log, SQLite)\n${machineLine()}`);
for (const backlog of [short, long]) await withFolder((folder) => drain(folder, backlog));
await withFolder((folder) => holdConnections(folder, connections));

async function drain(folder: string, backlog: number): Promise<void> {
  await fillLog(folder, backlog);
  const startedAt = performance.now();
  const service = await start(folder);
  const sizes: number[] = [];
  for (let done = 0; done < backlog; done = await recordsProcessed(service.url, 'placed')) {
    sizes.push((await service.usage()).rssBytes);
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${backlog} `);
    await delay(250);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `  draining ${backlog} records: RSS median ${mebibytes(median(sizes))}, highest ${mebibytes(Math.max(...sizes))}, ` +
      `${(backlog / seconds).toFixed(0)} orders/s including the start`,
  );
  await service.stop();
}

async function holdConnections(folder: string, wanted: number): Promise<void> {
  const service = await start(join(folder, 'data'));
  const before = (await service.usage()).rssBytes;
  const held = await openConnections(service.url, wanted);
  const response = await fetch(`${service.url}/livez`);
  const after = (await service.usage()).rssBytes;
  console.log(
    `  ${held.open()} open connections: RSS ${mebibytes(before)} before, ${mebibytes(after)} with them ` +
      `(${((after - before) / 1024 / wanted).toFixed(1)} KiB each); another client gets ${response.status}`,
  );
  held.close();
  await service.stop();
}

function start(folder: string): Promise<MeasuredProcess> {
  return MeasuredProcess.start(SERVICE, ['serve'], { PORT: '0', GRPC_PORT: '0', DATA_DIR: folder });
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
