import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import t, { type Test } from 'tap';
import { DeadLetterClient } from '../../src/cli/dead-letters/client.ts';
import { runDeadLetters } from '../../src/cli/dead-letters/run.ts';
import type { DeadLetter } from '../../src/store/dead-letter.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openBatchStore } from '../../src/store/open/open-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { deadLetter } from '../store/batch.ts';
import { keepDeadLetters } from '../store/keep-dead-letters.ts';
import { silent } from '../store/sqlite/make-store.ts';
import { errorDetail } from '../../src/base/error-detail.ts';
import { CommandRecords } from '../support/command-records.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { OrderClient } from '../support/order-client.ts';
import { Program, runProgram } from '../../tools/support/program.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';

const LINE = 'no \u001b]0;title\u0007: refused';
const ERROR = errorDetail(new TypeError('no \u001b]0;title\u0007', { cause: new Error('refused') }));

await t.test('list shows a table and a count per reason', async (t) => {
  const { run } = await startWith(t, [
    deadLetter({ offset: 0 }, { orderId: 'o-1', reason: 'retries-exhausted', failedAt: 1_000, attempts: 20 }),
    ...Array.from({ length: 149 }, (_, n) =>
      deadLetter(
        { offset: 1 + n },
        { failedAt: 2_000 + n, error: 'Not\nJSON \u001b[31m', state: 'exhausted' },
      ),
    ),
  ]);
  const { code, stdout, stderr } = await run('list', '--limit', '130');
  t.match({ code, stderr }, { code: 0, stderr: '' });
  const lines = stdout.split('\n');
  t.match(lines[0], /^ID +FAILED AT +STATE +REASON +TRIES +REPLAYS +ORDER +ERROR$/);
  t.match(
    lines[1],
    /^150 +1970-01-01T00:00:02\.148Z +exhausted +record-undecodable +1 +0 +- +Not JSON �\[31m$/,
  );
  t.equal(
    lines.findIndex((line) => line === ''),
    131,
  );
  t.match(lines.slice(132), [
    /^record-undecodable +149 +#{40}$/,
    /^retries-exhausted +1 +#$/,
    '',
    'Showing 130 of 150; use --limit to see more.',
  ]);
  t.match(
    (await run('list', '--order', 'o-1', '--state', 'open')).stdout,
    /^1 .*retries-exhausted +20 +0 +o-1/m,
  );
  await run('discard', '1');
  t.equal((await run('list', '--order', 'o-1')).stdout, 'No dead letters match.\n', 'it is resolved');
  t.match((await run('list', '--order', 'o-1', '--state', 'all')).stdout, /^1 .*discarded/m);
  t.equal((await run('list', '--failed-before', '1970-01-01T00:00:01Z')).stdout, 'No dead letters match.\n');
  const asJson = await run('list', '--json', '--limit', '120', '--reason', 'record-undecodable');
  const { data, reasons } = JSON.parse(asJson.stdout) as { data: unknown[]; reasons: unknown };
  t.equal(data.length, 120);
  t.same(reasons, { 'record-undecodable': 149 });
});

await t.test('show prints the record and its audit, without control characters', async (t) => {
  const { run } = await startWith(t, [
    deadLetter(
      { key: Buffer.from('o-1'), value: Buffer.from('{"a":{"b":1}}') },
      { orderId: 'o-1', error: LINE, detail: ERROR },
    ),
    deadLetter({ offset: 1, key: Buffer.from([0xff]), value: Buffer.from('a\u001b[2Jb\tc') }),
    deadLetter({ offset: 2 }, { orderId: 'o-1', reason: 'predecessor-failed', error: LINE }),
  ]);
  await run('discard', '1');
  const { code, stdout } = await run('show', '1');
  t.equal(code, 0);
  t.match(stdout, /^Dead letter +1\nState +discarded\nOrder +o-1\n/);
  t.match(stdout, /^Error +no �\]0;title�: refused$/m);
  t.match(stdout, /^Whole error\nTypeError: no �\]0;title�\n +at .*\n[^]*^Caused by\nError: refused\n +at /m);
  t.match((await run('show', '3')).stdout, /^Error +behind 1: no /m);
  t.match((await run('list')).stdout, /^3 .*behind 1: no /m);
  t.match(stdout, /^Key \(utf8\) +o-1$/m);
  t.match(stdout, 'Value (utf8)\n{\n  "a": {\n    "b": 1\n  }\n}\n');
  t.match(stdout, /Audit\n\S+Z {2}discarded {2}\S+ {2}was open\n$/);
  const strange = await run('show', '2');
  t.match(strange.stdout, /^Key \(base64\) +\/w==$/m);
  t.match(strange.stdout, 'Value (utf8)\na�[2Jb\tc\n\nNo one has acted on it yet.\n');
  t.notMatch(stdout + strange.stdout, /[^\P{Cc}\n\t]/u);
  t.match(JSON.parse((await run('show', '2', '--json')).stdout), { id: 2, keyEncoding: 'base64' });
  t.match(await run('show', '99'), { code: 1, stdout: '', stderr: /There is no such dead letter/ });
});

await t.test('replay sends dead letters again, and their orders are processed', async (t) => {
  const records = new CommandRecords();
  const orders = Array.from({ length: 30 }, () => randomUUID());
  const { run, url } = await startWith(t, [
    ...orders.map((orderId, offset) => {
      const { key, value } = records.place(orderId);
      return deadLetter({ offset, key, value }, { orderId, reason: 'processor-failed' });
    }),
    deadLetter({ offset: 30 }, { reason: 'retries-exhausted', state: 'exhausted', replayCount: 5 }),
  ]);
  const failed = ['--reason', 'processor-failed'];
  t.match(await run('replay', ...failed, '--dry-run'), {
    code: 0,
    stdout: '30 match, 30 would be replayed.\n',
  });
  t.match(await run('replay', '1', '2', '31'), {
    code: 0,
    stdout: '2 replayed. 1 skipped: already resolved or discarded, exhausted, or refused.\n',
    stderr: '',
  });
  t.match(await run('replay', ...failed, '--limit', '5', '--json'), {
    stdout: '{"matched":5,"replayed":5,"skipped":0}\n',
  });
  t.match(await run('replay', ...failed), { code: 0, stdout: '23 replayed.\n' });
  const letters = new DeadLetterClient(url);
  await eventually(async () => (await letters.list({ state: 'resolved', limit: 100 })).data.length === 30, {
    what: 'the letters to be resolved',
  });
  const client = new OrderClient(url);
  for (const orderId of orders) t.match(await client.order(orderId), { body: { status: 'confirmed' } });
  const { audit } = await letters.find(1);
  t.match(audit[0], { act: 'replay-begun', by: /^\S+$/ });
  t.same(audit.map(({ act }) => act).sort(), ['replay-begun', 'replay-resolved', 'replay-sent']);
  t.match(await run('replay'), { code: 0, stdout: '0 replayed.\n' }, 'nothing is open any more');
});

await t.test('an interrupted replay continues where it ended', async (t) => {
  const { url, environment } = await startWith(t, placedLetters(40));
  const first = new Program(['dead-letters', 'replay', '--url', url, '--rate', '20'], { env: environment });
  const letters = new DeadLetterClient(url);
  const settled = async () => {
    const { reasons } = await letters.list({ state: 'open', limit: 1 });
    return 40 - Object.values(reasons).reduce((sum, count) => sum + count, 0);
  };
  await eventually(async () => (await settled()) > 0, { what: 'the replay to begin' });
  first.signal('SIGINT');
  await first.outcome();
  const again = await runProgram(['dead-letters', 'replay', '--url', url, '--rate', '1000'], {
    env: environment,
  });
  t.match(again, { code: 0, stdout: /^\d+ replayed\.\n$/ });
  t.ok(Number.parseInt(again.stdout, 10) < 40, again.stdout);
  t.equal(await settled(), 40);
});

await t.test('discarding by filter needs a confirmation, which only a terminal can give', async (t) => {
  const { run, url } = await startWith(t, placedLetters(4));
  const refused = await run('discard', '--reason', 'processor-failed');
  t.match(refused, { code: 1, stdout: '', stderr: /^Discard 4 dead letters\? .*--yes/ });
  t.match(await run('discard', '1'), { code: 0, stdout: '1 discarded.\n' });

  const answers = async (answer: string) => {
    const { streams, written } = fakeTerminal(answer);
    const isDone = await runDeadLetters({ name: 'discard', ids: [], rate: 100, limit: 2, url }, streams);
    return { isDone, written: written() };
  };
  t.match(await answers('n\n'), { isDone: false, written: 'Discard 2 dead letters? [y/N]' });
  const meant = await answers('y\n');
  t.match(meant, { isDone: true, written: '2 discarded.' });
  t.match(meant.written, /discard \[=+\] 100% \| 2\/2/, 'a terminal shows progress');
  t.match(await run('discard', '--failed-after', '2020-01-01T00:00:00Z', '--yes'), {
    stdout: '1 discarded.\n',
  });
});

await t.test('no answer, and an answer of another server, are explained', async (t) => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as AddressInfo;
  gone.close();
  const nobody = await runProgram(['dead-letters', 'list'], { env: { PORT: String(port) } });
  const said = `No service answers at http://127.0.0.1:${port} (ECONNREFUSED).`;
  t.match(nobody, { code: 1, stdout: '', stderr: said });
  const answering = async (status: number, type: string, body: string) => {
    const server = createServer((_request, response) => {
      response.writeHead(status, { 'content-type': type, connection: 'close' }).end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const outcome = await runProgram(['dead-letters', 'replay', '--url', url]);
    server.close();
    return outcome;
  };
  const page = await answering(200, 'text/html', '<html>');
  t.match(page, { code: 1, stderr: /is not order-system \(status 200\)/ });
  const worker = { code: 'route-not-found', title: 'There is nothing at this path', detail: '…' };
  const told = await answering(404, 'application/problem+json', JSON.stringify(worker));
  t.match(told, { code: 1, stderr: /Use one with the role all or api/ });
  t.match(await runProgram(['dead-letters', 'list'], { env: { PORT: '0' } }), { code: 2, stderr: /--url/ });
});

await t.test('each command has help, and wrong usage ends with exit code 2', async (t) => {
  t.match(await runProgram(['dead-letters', '--help']), { code: 0, stdout: /Examples:/ });
  for (const name of ['list', 'show', 'replay', 'discard']) {
    const { code, stdout } = await runProgram(['dead-letters', name, '--help']);
    t.match({ code, stdout }, { code: 0, stdout: `Usage: order-system dead-letters ${name}` });
  }
  for (const [args, said] of [
    [['lst'], 'Did you mean list?'],
    [['list', '--state', 'lost'], 'Allowed choices'],
    [['list', '--limit', '0'], 'from 1 to 10000'],
    [['list', '--url', 'localhost'], 'http://'],
    [['list', '--failed-after', 'yesterday'], 'RFC 3339'],
    [['show'], "missing required argument 'id'"],
    [['show', 'x'], 'whole number'],
    [['replay', '1', '--state', 'open'], 'ids or filters, not both'],
    [['replay', '--rate', '10001'], 'from 1 to 10000'],
    [['replay', '--yes'], 'unknown option'],
  ] as const) {
    const { code, stdout, stderr } = await runProgram(['dead-letters', ...args]);
    t.match({ code, stdout }, { code: 2, stdout: '' }, args.join(' '));
    t.match(stderr, said);
  }
});

function placedLetters(count: number): DeadLetter[] {
  const records = new CommandRecords();
  return Array.from({ length: count }, (_, offset) => {
    const orderId = randomUUID();
    const { key, value } = records.place(orderId);
    return deadLetter({ offset, key, value }, { orderId, reason: 'processor-failed' });
  });
}

/** Starts a service that has these dead letters. */
async function startWith(t: Test, letters: DeadLetter[]) {
  const folder = t.testdir();
  const target = { kind: 'sqlite', path: join(folder, 'orders.db') } as const;
  await migrate(target, silent);
  const store = await openBatchStore(target, createWriteLock());
  // A partition that the log of this test does not use.
  const apart = letters.map((letter) => ({ ...letter, record: { ...letter.record, partition: 999 } }));
  await keepDeadLetters(store, apart, [], 'embedded:orders.commands');
  await store.close();
  const service = await ServiceProcess.start('all', { DATA_DIR: folder });
  t.teardown(() => service.stop());
  const { url } = service;
  const environment = { HOST: new URL(url).hostname, PORT: new URL(url).port };
  const run = (...args: string[]) => runProgram(['dead-letters', ...args], { env: environment });
  return { url, environment, run };
}

/** A terminal whose user gives one answer. */
function fakeTerminal(answer: string) {
  const streams = {
    stdin: Object.assign(new PassThrough(), { isTTY: true }),
    stdout: new PassThrough(),
    stderr: Object.assign(new PassThrough(), { isTTY: true, columns: 120 }),
  };
  let written = '';
  for (const stream of [streams.stdout, streams.stderr])
    stream.on('data', (data: Buffer) => (written += data.toString()));
  streams.stdin.write(answer);
  return { streams, written: () => written };
}
