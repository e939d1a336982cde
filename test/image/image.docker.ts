import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { docker, inspect, isHealthy, needDocker } from '../support/docker.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';

const IMAGE = 'order-system:check';
/** The base image: `test/compose/stand-ins.sh` makes one where there is no registry. */
const BASE = /^ARG NODE_IMAGE=(.+)$/m.exec(readFileSync('Dockerfile', 'utf8'))?.[1] ?? '';
const MIB = 1024 * 1024;
const ORDERS_A_BATCH = 1_000;
/** Enough orders for SQLite to merge its full-text segments and for garbage collections. */
const BATCHES = 100;
/** More than SHUTDOWN_TIMEOUT_MS. */
const STOP_SECONDS = '20';

await needDocker();
const name = `order-system-check-${randomUUID().slice(0, 8)}`;
t.teardown(async () => {
  await docker('rm', '--force', name);
  await docker('volume', 'rm', '--force', name);
});

/** With the least rights: only the volume is writable. */
async function run(): Promise<OrderClient> {
  await docker('rm', '--force', name);
  const locked = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges:true'];
  await docker(
    'run',
    '--detach',
    '--name',
    name,
    ...locked,
    '-v',
    `${name}:/data`,
    '-p',
    '127.0.0.1::3000',
    '--env',
    'ALLOW_ANONYMOUS=true',
    IMAGE,
  );
  await eventually(() => isHealthy(name), { what: 'the container to be healthy', timeoutMs: 120_000 });
  return new OrderClient(`http://${await docker('port', name, '3000/tcp')}`);
}

async function stop(): Promise<string> {
  await docker('stop', '--time', STOP_SECONDS, name);
  return inspect(name, '{{.State.ExitCode}} {{.State.OOMKilled}}');
}

/** @returns the id of the last order of each batch */
async function placeBatches(client: OrderClient, batches: number): Promise<string[]> {
  const orders = Array.from({ length: ORDERS_A_BATCH }, () => anOrder());
  const last: string[] = [];
  const placeNext = async () => {
    const { status, body } = await client.post<{ results?: { id?: string }[] }>('/v1/orders/batch', {
      orders,
    });
    const id = body.results?.at(-1)?.id;
    if (id !== undefined) last.push(id);
    // 503: the log is full; the batch is sent again.
    else if (status !== 207 && status !== 503) throw new Error(`${status}: ${JSON.stringify(body)}`);
    return last.length === batches;
  };
  await eventually(placeNext, { what: `${batches} batches to be accepted`, timeoutMs: 120_000 });
  return last;
}

const isConfirmed = async (client: OrderClient, location: string) =>
  (await client.order(location)).body.status === 'confirmed';

await t.test('the image is small', async (t) => {
  await docker('build', '--tag', IMAGE, '.');
  const size = Number(await docker('image', 'inspect', '--format', '{{.Size}}', IMAGE));
  const base = Number(await docker('image', 'inspect', '--format', '{{.Size}}', BASE));
  const ours = size - base;
  t.comment(
    `${Math.round(size / MIB)} MiB, of which the base image has ${Math.round(base / MIB)} and ours ${Math.round(ours / MIB)}`,
  );
  const layers = await docker('history', '--no-trunc', '--format', '{{.Size}}\t{{.CreatedBy}}', IMAGE);
  for (const layer of layers.split('\n')) if (!layer.startsWith('0B')) t.comment(layer.slice(0, 100));
  t.ok(ours < 60 * MIB);
});

await t.test(
  'it runs unprivileged on a read-only root and keeps acknowledged orders over a restart',
  async (t) => {
    const first = await run();
    t.equal(await docker('exec', name, 'id', '-u'), '1000');
    await t.rejects(docker('exec', name, 'touch', '/app/x'), /Read-only file system/);
    const placed = await first.place();
    t.equal(placed.status, 202);
    const location = placed.headers.get('location') ?? '';
    await eventually(() => isConfirmed(first, location), { what: 'the order to be confirmed' });
    for (const id of await placeBatches(first, BATCHES)) {
      await eventually(() => isConfirmed(first, id), {
        what: `order ${id} to be confirmed`,
        timeoutMs: 60_000,
      });
    }
    t.equal(await stop(), '0 false', 'SIGTERM drains it');

    const second = await run();
    t.match(await second.order(location), { status: 200, body: { id: placed.body.id, status: 'confirmed' } });
    t.equal(await stop(), '0 false');
  },
);

await t.test('the other commands work, too', async (t) => {
  const help = await docker('run', '--rm', IMAGE, '--help');
  t.match(help, /KAFKA_BROKERS/);
  const settings = ['--env', 'ALLOW_ANONYMOUS=true', '--env', 'REDIS_URL=redis://:s3cret@a:1'];
  t.match(await docker('run', '--rm', ...settings, IMAGE, 'config'), /redis:\/\/:\*\*\*@a:1/);
});

await t.test('it does not start until you choose how callers are checked', async (t) => {
  await t.rejects(docker('run', '--rm', IMAGE), /HOST="0\.0\.0\.0" lets other machines read/);
});
