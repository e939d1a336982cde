import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { openFile, openLog, readAll } from './support.ts';

const fixture = fileURLToPath(new URL('./fixtures/append-until-killed.js', import.meta.url));

interface Ack {
  key: string;
  number: number;
  partition: number;
  offset: number;
}

/** Runs the appender until it has acknowledged `count` records, then kills it. */
async function appendAndKill(dataDirectory: string, first: number, count: number): Promise<Ack[]> {
  const child = spawn(process.execPath, [fixture, dataDirectory, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const acks: Ack[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [key = '', number, partition, offset] = line.split(' ');
    if (offset !== undefined)
      acks.push({ key, number: Number(number), partition: Number(partition), offset: Number(offset) });
    if (acks.length === count) child.kill('SIGKILL');
  }
  const [, signal] = (await exited) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error('The appender exited before it was killed');
  // The last line may be incomplete.
  return acks.slice(0, -1);
}

await t.test(
  'kill -9 under load loses and duplicates no acknowledged record, and leaves no lock',
  async (t) => {
    const dataDirectory = t.testdir();
    const acks: Ack[] = [];
    for (let round = 0; round < 4; round++) {
      acks.push(...(await appendAndKill(dataDirectory, round * 1_000_000, 1000 + 700 * round)));
    }
    const file = openFile(t, dataDirectory);
    const records = readAll(file, 'orders').map((record) => ({
      ...record,
      number: Number(record.value.split(' ')[0]),
    }));
    const place = ({ partition, offset }: { partition: number; offset: number }) => `${partition}-${offset}`;
    const atPlace = new Map(records.map((record) => [place(record), record]));
    const lost = acks.filter((ack) => {
      const record = atPlace.get(place(ack));
      return record?.key !== ack.key || record.number !== ack.number;
    });
    t.ok(acks.length > 8000 - 10, `${acks.length} acknowledged`);
    t.same(lost, []);
    t.equal(
      new Set(records.map(({ key, number }) => `${key} ${number}`)).size,
      records.length,
      'each exists once',
    );
    const last = new Map<string, number>();
    for (const { key, number } of records) {
      if (number <= (last.get(key) ?? -1)) t.fail(`${key}: ${number} after ${last.get(key)}`);
      last.set(key, number);
    }
    const partitions = file.topic('orders').partitions;
    t.equal(
      partitions.reduce((sum, { end }) => sum + end, 0),
      records.length,
      'without gaps',
    );
  },
);

await t.test('opening a log that another process uses fails and says why', async (t) => {
  const dataDirectory = t.testdir();
  await openLog(t, { dataDirectory });
  const child = spawn(process.execPath, [fixture, dataDirectory], { stdio: ['ignore', 'ignore', 'pipe'] });
  const [message] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  t.match(message, /log\.db is in use by another process\. Stop that process, or use another data directory/);
  t.equal(child.exitCode, 1);
});
