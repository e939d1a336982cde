import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { SETTING_NAMES, settingSchema } from '../../src/config/settings.ts';
import { runProgram } from '../../tools/support/program.ts';

await t.test('--help lists commands, examples, exit codes and every setting', async (t) => {
  const { code, stdout, stderr } = await runProgram(['--help']);
  t.match({ code, stderr }, { code: 0, stderr: '' });
  for (const part of ['serve', 'config', 'migrate', 'Examples:', 'Exit codes:']) t.match(stdout, part);
  for (const name of SETTING_NAMES) {
    t.ok(stdout.includes(`${name}  default: `) && stdout.includes(settingSchema(name).description), name);
  }
});

await t.test('--help and invalid settings import no part of the service', async (t) => {
  const trace = { NODE_DEBUG: 'esm' };
  for (const args of [['--help'], ['serve', '--role', 'none']]) {
    const { stderr } = await runProgram(args, { env: trace });
    t.notMatch(stderr, /node_modules\/(fastify|pino|typebox|node-rdkafka|better-sqlite3)\//);
  }
});

await t.test('each command has its own help', async (t) => {
  for (const command of ['serve', 'config', 'migrate', 'accept-loss', 'keys']) {
    const { code, stdout } = await runProgram([command, '--help']);
    t.equal(code, 0);
    t.match(stdout, `Usage: order-system ${command}`);
  }
});

await t.test('--version prints the version of the package', async (t) => {
  const manifest = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  t.same(await runProgram(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
});

await t.test('wrong usage ends with exit code 2 and suggests what was meant', async (t) => {
  for (const [args, said] of [
    [['srve'], 'Did you mean serve?'],
    [['serve', '--rol', 'api'], 'Did you mean --role?'],
    [['serve', '--role'], 'argument missing'],
    [['config', 'everything'], 'too many arguments'],
    [[], 'Usage: order-system'],
  ] as const) {
    const { code, stdout, stderr } = await runProgram([...args]);
    t.match({ code, stdout }, { code: 2, stdout: '' }, args.join(' '));
    t.match(stderr, said);
  }
});

await t.test(
  'invalid settings end with exit code 2, list every error on stderr and open nothing',
  async (t) => {
    const cwd = t.testdir();
    const env = {
      PORT: '70000',
      BATCH_MAX_WAIT_MS: '10ms',
      DATABASE_URL: 'mysql://root:s3cret@db/orders',
      GRPC_TLS_KEY: 'key.pem',
    };
    for (const args of [['serve', '--role', 'api'], ['config'], ['migrate']]) {
      const { code, stdout, stderr } = await runProgram(args, { cwd, env });
      t.match({ code, stdout }, { code: 2, stdout: '' }, args.join(' '));
      const lines = stderr.trim().split('\n');
      t.equal(lines.length, args[0] === 'serve' ? 7 : 6, stderr);
      t.match(stderr, 'PORT="70000" is out of range');
      t.match(stderr, 'BATCH_MAX_WAIT_MS="10ms" is not a whole number');
      t.match(stderr, 'DATABASE_URL="mysql://root:***@db/orders" has an unknown scheme');
      t.match(stderr, 'GRPC_TLS_KEY="key.pem" has no certificate');
      t.match(stderr, 'GRPC_TLS_KEY="key.pem" does not exist');
    }
    t.notOk(existsSync(join(cwd, 'data')));
  },
);

await t.test('a service that other machines could use without credentials does not start', async (t) => {
  const cwd = t.testdir();
  const { code, stdout, stderr } = await runProgram(['serve'], { cwd, env: { HOST: '0.0.0.0' } });
  t.match({ code, stdout }, { code: 2, stdout: '' });
  for (const way of ['keep HOST=127.0.0.1', 'AUTH_API_KEYS=true', 'set ALLOW_ANONYMOUS=true'])
    t.match(stderr, way);
  t.notOk(existsSync(join(cwd, 'data')));
  const other = await runProgram(['migrate'], { cwd, env: { HOST: '0.0.0.0' } });
  t.equal(other.code, 0, 'other commands open no port');
});

await t.test('config shows the settings in force and their source, but no secret', async (t) => {
  const cwd = t.testdir();
  const env = { PORT: '8080', KAFKA_BROKERS: 'a:9092', KAFKA_SASL_PASSWORD: 's3cret', WORKER_THREAD: '2' };
  const shown = await runProgram(['config'], { cwd, env });
  t.equal(shown.code, 0);
  t.match(shown.stdout, /^PORT +8080 +environment$/m);
  t.match(shown.stdout, /^EVENT_LOG +kafka +default$/m);
  t.match(shown.stdout, /^KAFKA_SASL_PASSWORD +\*\*\* +environment$/m);
  t.match(shown.stderr, 'warning: WORKER_THREAD is not a setting');

  const asJson = await runProgram(['config', '--json'], { cwd, env });
  const { settings } = JSON.parse(asJson.stdout) as { settings: Record<string, unknown> };
  t.same(settings.PORT, { value: 8080, source: 'environment' });
  for (const name of SETTING_NAMES) t.ok(name in settings, name);
  t.notMatch(shown.stdout + asJson.stdout, 's3cret');
  t.notOk(existsSync(join(cwd, 'data')));
});

await t.test('migrate creates the tables once and says so', async (t) => {
  const cwd = t.testdir();
  const first = await runProgram(['migrate'], { cwd });
  t.match(first, { code: 0, stdout: /^applied 0001-/ }, first.stderr);
  t.ok(existsSync(join(cwd, 'data', 'orders.db')));
  t.match(await runProgram(['migrate'], { cwd }), { code: 0, stdout: 'The store is up to date.\n' });
});

await t.test('a command that fails ends with exit code 1 and says why', async (t) => {
  const cwd = t.testdir({
    data: { 'orders.db': 'this is no database, but long enough to be looked at as one'.repeat(99) },
  });
  const { code, stderr } = await runProgram(['migrate'], { cwd });
  t.equal(code, 1);
  t.not(stderr, '');
});

await t.test(
  'a port that is in use, or a folder that cannot be created, names the setting to change',
  async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    t.teardown(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const taken = await runProgram(['serve'], {
      cwd: t.testdir(),
      env: { PORT: String(port), GRPC_PORT: '0' },
    });
    t.match(taken, {
      code: 1,
      stdout: new RegExp(`Port ${port} of 127.0.0.1 is already in use.*set PORT to`),
    });
    t.notMatch(taken.stdout, 'stack');

    const refused = await runProgram(['serve'], {
      env: { DATA_DIR: '/proc/foo', PORT: '0', GRPC_PORT: '0' },
    });
    t.match(refused, { code: 2, stderr: /\/proc\/foo of DATA_DIR cannot be created by user \d+/ });
  },
);
