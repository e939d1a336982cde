import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { startService } from '../../src/app/service.ts';
import { createLogger } from '../../src/base/logger.ts';
import { loadConfig } from '../../src/config/config.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { selfSigned } from '../support/self-signed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

await t.test('/readyz is not 200 before the gRPC port listens', { timeout: 60_000 }, async (t) => {
  const folder = await temporaryFolder(t);
  const { cert, keyPath } = await selfSigned(folder);
  const [dataDir, pipe] = [join(folder, 'data'), join(folder, 'certificate.pipe')];
  const port = await freePort();
  const settings = { DATA_DIR: dataDir, PORT: String(port), GRPC_PORT: '0', WORKER_THREADS: '1' };
  const config = loadConfig(settings, { role: 'all' });
  // gRPC reads its certificate before it listens, and a named pipe makes it wait.
  execFileSync('mkfifo', [pipe]);
  const grpcTls = { certPath: pipe, keyPath };
  const starting = startService({ ...config, grpcTls }, createLogger('silent'), 'test');
  t.teardown(async () => (await starting).stop());
  const statuses: number[] = [];
  const ready = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    const body = await answer?.text();
    if (answer !== undefined) statuses.push(answer.status);
    return { status: answer?.status, body };
  };
  await eventually(async () => (await ready()).status !== undefined, { what: 'an answer of /readyz' });
  t.match(await ready(), { status: 503, body: /starting/ });
  t.notOk(statuses.includes(200));
  await writeFile(pipe, cert);
  await starting;
  t.match(await ready(), { status: 200 });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
