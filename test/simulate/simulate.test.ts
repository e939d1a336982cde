import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { OrderClient } from '../support/order-client.ts';
import { Program, runProgram } from '../../tools/support/program.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const program = fileURLToPath(new URL('../../tools/simulate/main.js', import.meta.url));

t.setTimeout(240_000);

await t.test('simulated orders are placed, moved on and delivered', { timeout: 240_000 }, async (t) => {
  const service = await ServiceProcess.start('all', { DATA_DIR: await temporaryFolder(t) });
  t.teardown(() => service.stop());
  const args = ['--url', service.url, '--rate', '100', '--orders', '40', '--seconds', '120'];
  const { code, stdout, stderr } = await runProgram(args, { program });
  t.equal(code, 0, stderr);
  t.equal(stderr, '', 'no progress bar without a terminal');
  t.match(stdout, /^40 placed, \d+ delivered, \d+ cancelled\.$/m);
  const client = new OrderClient(service.url);
  const delivered = async () => {
    const { body } = await client.get<{ data: unknown[] }>('/v1/orders?status=delivered&limit=100');
    return body.data.length;
  };
  const reported = Number(/(\d+) delivered/.exec(stdout)?.[1]);
  t.ok(reported > 0);
  await eventually(async () => (await delivered()) === reported, { what: `${reported} delivered orders` });

  await t.test('a signal stops it at once; it prints a summary', async (t) => {
    const running = new Program(['--url', service.url, '--rate', '20', '--seconds', '3600'], { program });
    t.teardown(() => running.kill());
    await eventually(async () => (await placedInAll(client)) > 45, { what: 'more orders to be placed' });
    running.signal('SIGINT');
    const outcome = await running.outcome();
    t.equal(outcome.code, 0, outcome.stderr);
    t.match(outcome.stdout, /^\d+ placed, .*in progress\./);
  });
});

async function placedInAll(client: OrderClient): Promise<number> {
  const { body } = await client.get<{ totals: { accepted: number } }>('/v1/stats');
  return body.totals.accepted;
}

await t.test('it honours Retry-After and sends the same order again', async (t) => {
  const keys: { key: string | undefined; at: number }[] = [];
  const url = await answering(t, (server) =>
    server.on('request', (request, response) => {
      if (request.method === 'GET') {
        response.end('{}');
        return;
      }
      const isOrder = request.url === '/v1/orders';
      if (isOrder) keys.push({ key: String(request.headers['idempotency-key']), at: performance.now() });
      const isRefused = isOrder && keys.length === 1;
      response.writeHead(isRefused ? 429 : 202, {
        'content-type': 'application/json',
        ...(isRefused ? { 'retry-after': '2' } : { location: '/v1/orders/1?position=0-0' }),
      });
      response.end('{}');
    }),
  );
  const { code, stdout } = await runProgram(['--url', url, '--orders', '1'], { program });
  t.equal(code, 0);
  t.match(stdout, /^1 placed.*Sent again after: 1 × 429\./);
  t.equal(keys.length, 2);
  t.equal(keys[0]?.key, keys[1]?.key);
  t.ok((keys[1]?.at ?? 0) - (keys[0]?.at ?? 0) >= 1_990, 'after two seconds');
});

await t.test(
  'it sends the token of its user, and says how to set one if the service asks for it',
  async (t) => {
    const refused: string[] = [];
    const url = await answering(t, (server) =>
      server.on('request', ({ method, url = '', headers }, response) => {
        const isKnown = headers.authorization === 'Bearer a.b.c';
        if (!isKnown) refused.push(url);
        const status = !isKnown ? 401 : method === 'GET' ? 200 : 202;
        response
          .writeHead(status, { 'content-type': 'application/json', location: '/v1/orders/1' })
          .end('{}');
      }),
    );
    t.match(await runProgram(['--url', url], { program }), { code: 1, stderr: /set ORDER_SYSTEM_TOKEN/ });
    t.same(refused, ['/v1/principal']);
    const env = { ORDER_SYSTEM_TOKEN: 'a.b.c' };
    t.match(await runProgram(['--url', url, '--orders', '1'], { program, env }), {
      code: 0,
      stdout: /^1 placed/,
    });
    t.equal(refused.length, 1);
  },
);

async function answering(t: Test, listen: (server: Server) => void): Promise<string> {
  const server = createServer();
  listen(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

await t.test('wrong usage is explained and exits with 2', async (t) => {
  for (const [args, said] of [
    [['--url', 'http://orders.example.com'], 'is not this machine'],
    [['--url', 'http://127.0.0.1.example.com:3000'], 'is not this machine'],
    [['--url', 'ftp://127.0.0.1'], 'Give a URL such as'],
    [['--rate', '0'], 'Give a number from'],
    [['--orders', '1.5'], 'Give a whole number'],
    [['--rat', '5'], 'Did you mean --rate?'],
  ] as const) {
    const { code, stderr } = await runProgram([...args], { program });
    t.equal(code, 2, args.join(' '));
    t.match(stderr, said);
  }
});

await t.test('--help describes every option', async (t) => {
  const { code, stdout } = await runProgram(['--help'], { program });
  t.equal(code, 0);
  for (const part of [
    '--rate',
    '--url',
    '--seconds',
    '--orders',
    '--concurrency',
    'Examples:',
    'Exit codes:',
  ]) {
    t.match(stdout, part);
  }
});

await t.test('it says where no service answers: at --url, otherwise at HOST and PORT', async (t) => {
  for (const [args, env, url] of [
    [['--url', 'http://127.0.0.1:9'], {}, 'http://127.0.0.1:9'],
    [[], { PORT: '9' }, 'http://127.0.0.1:9'],
    [[], { HOST: '::', PORT: '9' }, 'http://[::1]:9'],
    [['--url', 'http://127.0.0.1:9'], { PORT: '19' }, 'http://127.0.0.1:9'],
  ] as const) {
    const { code, stderr } = await runProgram([...args], { program, env });
    t.equal(code, 1);
    t.match(stderr, `Nothing answers at ${url}.`);
  }
});

await t.test('settings that name no service on this machine are explained', async (t) => {
  for (const [env, message] of [
    [{ PORT: '0' }, /PORT is 0.*--url/],
    [{ PORT: 'x' }, 'PORT'],
    [{ HOST: '192.0.2.1' }, '192.0.2.1 is not this machine'],
  ] as const) {
    const { code, stderr } = await runProgram([], { program, env });
    t.equal(code, 2, stderr);
    t.match(stderr, message);
  }
});
