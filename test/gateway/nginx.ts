import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../tools/support/eventually.ts';
import { temporaryFolder, type TestScope } from '../support/temporary-folder.ts';
import { freePorts } from '../../tools/support/free-ports.ts';
import { send } from './send.ts';

/** `host:port` of the two servers of one replica. */
export interface ReplicaAddress {
  http: string;
  grpc: string;
}

/** One line of the access log. */
export interface AccessLine {
  requestId: string;
  client: string;
  method: string;
  path: string;
  status: number;
  replica: string;
}

const SHIPPED = fileURLToPath(new URL('../../../deploy/nginx', import.meta.url));
const FILES = ['nginx.conf', 'http-routes.conf', 'grpc-routes.conf', 'problems.conf'];

/** A real nginx with the shipped configuration; only addresses, ports and the folder /tmp are replaced. */
export class Gateway {
  readonly url: string;
  readonly httpsUrl: string;
  readonly grpc: string;
  readonly grpcTls: string;
  /** PEM; exists when started with TLS */
  readonly certificatePath: string;
  readonly #log: string;

  private constructor(folder: string, [http, grpc, https, grpcTls]: Ports) {
    this.url = `http://127.0.0.1:${http}`;
    this.httpsUrl = `https://localhost:${https}`;
    this.grpc = `127.0.0.1:${grpc}`;
    this.grpcTls = `localhost:${grpcTls}`;
    this.certificatePath = join(folder, 'tls', 'server.crt');
    this.#log = join(folder, 'output.log');
  }

  /** @param replicas two or more @throws Error with the output of nginx when it does not start */
  static async start(
    t: TestScope,
    replicas: readonly ReplicaAddress[],
    { tls = false, documentation = false } = {},
  ): Promise<Gateway> {
    const folder = await temporaryFolder(t);
    // Started by root, nginx runs as another user, who must reach the buffered bodies in this folder.
    await chmod(folder, 0o755);
    const ports = (await freePorts(4)) as Ports;
    for (const file of FILES) await render(file, folder, replicas, ports);
    if (tls) {
      await mkdir(join(folder, 'tls'));
      makeCertificate(join(folder, 'tls'));
      await render('tls.conf', join(folder, 'tls'), replicas, ports);
    }
    if (documentation) {
      await mkdir(join(folder, 'documentation'));
      await render('documentation-on.conf', join(folder, 'documentation'), replicas, ports);
    }
    const gateway = new Gateway(folder, ports);
    const nginx = gateway.#spawn(folder);
    t.teardown(() => ended(nginx));
    await spawned(nginx);
    await eventually(() => gateway.#answers(nginx), { what: 'nginx to answer' });
    return gateway;
  }

  accessLines(): AccessLine[] {
    return this.#output
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as AccessLine);
  }

  get #output(): string {
    return readFileSync(this.#log, 'utf8');
  }

  #spawn(folder: string): ChildProcess {
    const args = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'];
    // A file: nginx opens /dev/stdout, which fails when it is a socket, like Node's pipes.
    const log = openSync(this.#log, 'a');
    const nginx = spawn('nginx', args, { stdio: ['ignore', log, log] });
    closeSync(log);
    const killWithUs = (): boolean => nginx.kill('SIGKILL');
    process.once('exit', killWithUs);
    nginx.once('exit', () => process.off('exit', killWithUs));
    return nginx;
  }

  async #answers({ exitCode }: ChildProcess): Promise<boolean> {
    if (exitCode !== null) throw new Error(`nginx did not start: ${this.#output}`);
    return send(this.url, '/livez').then(
      ({ status }) => status === 200,
      () => false,
    );
  }
}

type Ports = [http: number, grpc: number, https: number, grpcTls: number];

/** Replaces addresses, ports and folders. @throws Error when one is left */
async function render(
  file: string,
  folder: string,
  replicas: readonly ReplicaAddress[],
  [http, grpc, https, grpcTls]: Ports,
): Promise<void> {
  const addresses = new Map([
    ...replicas.flatMap(({ http, grpc }, index) => [
      [`api-${index + 1}:3000`, http] as const,
      [`api-${index + 1}:50051`, grpc] as const,
    ]),
    ['listen 8080 ', `listen 127.0.0.1:${http} `],
    ['listen 50051 ', `listen 127.0.0.1:${grpc} `],
    ['listen 8443 ', `listen 127.0.0.1:${https} `],
    ['listen 50443 ', `listen 127.0.0.1:${grpcTls} `],
    [' /tmp/', ` ${folder}/`],
  ]);
  let text = withServerLines(await readFile(join(SHIPPED, file), 'utf8'), replicas.length);
  for (const [shipped, ours] of addresses) text = text.replaceAll(shipped, ours);
  if (/api-\d:|\/tmp\/order/.test(text.replaceAll(folder, '')))
    throw new Error(`${file} still has an address or folder that was not replaced`);
  await writeFile(join(folder, file), text);
}

/** Adds a server line per replica to each upstream, as the documentation says. */
function withServerLines(text: string, count: number): string {
  return text.replaceAll(/^( +server )api-2(:.+)$/gm, (line, before: string, after: string) =>
    [line, ...Array.from({ length: count - 2 }, (_, index) => `${before}api-${index + 3}${after}`)].join(
      '\n',
    ),
  );
}

function makeCertificate(folder: string): void {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', join(folder, 'server.key'), '-out', join(folder, 'server.crt')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files],
    {
      stdio: 'ignore',
    },
  );
}

async function spawned(nginx: ChildProcess): Promise<void> {
  try {
    await once(nginx, 'spawn');
  } catch (error) {
    throw new Error('nginx is missing: apt-get install nginx-light (Debian)', { cause: error });
  }
}

async function ended(nginx: ChildProcess): Promise<void> {
  if (nginx.exitCode !== null || nginx.signalCode !== null || nginx.pid === undefined) return;
  const exit = once(nginx, 'exit');
  nginx.kill('SIGTERM');
  await exit;
}
