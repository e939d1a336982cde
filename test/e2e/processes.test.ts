import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { freePorts } from '../../tools/support/free-ports.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { ServiceProcess, StartError } from '../../tools/support/service-process.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { MockKafka } from '../support/mock-kafka.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(120_000);

const postgres = await PostgresServer.start(t);
const kafka = await MockKafka.start();
t.teardown(() => kafka.stop());
await kafka.createTopics('orders.commands', 'orders.status', 'orders.dlq');
const database = await postgres.createDatabase();

async function twoProcesses(
  t: Test,
  changes: Record<string, string> = {},
): Promise<{ service: ServiceProcess; connect: () => Connection }> {
  const service = await ServiceProcess.start('api', {
    DATA_DIR: await temporaryFolder(t),
    KAFKA_BROKERS: kafka.brokers,
    KAFKA_PARTITIONS: '4',
    DATABASE_URL: database,
    API_PROCESSES: '2',
    ...changes,
  });
  t.teardown(() => service.stop());
  const connect = (): Connection => {
    const connection = new Connection(service.url);
    t.teardown(() => connection.close());
    return connection;
  };
  return { service, connect };
}

/** One connection, which stays open. */
class Connection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** The identity of the process that serves this connection. */
  async replica(): Promise<string> {
    const { replica } = (await this.#send('GET', '/v1/stats')).body as { replica: string };
    return replica;
  }

  place(headers: Record<string, string> = {}) {
    return this.#send('POST', '/v1/orders', JSON.stringify(anOrder()), headers);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(method: string, path: string, body = '', more: Record<string, string> = {}) {
    const headers = { 'content-type': 'application/json', ...more };
    const sent = request(this.#url + path, { method, agent: this.#agent, headers, timeout: 30_000 }).end(
      body,
    );
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: response.statusCode, body: await json(response) };
  }
}

/** The processes that were ready, oldest first. */
function readyProcesses({ output }: ServiceProcess): { pid: number; process: number }[] {
  return output
    .split('\n')
    .filter((line) => line.endsWith('"msg":"This process is ready."}'))
    .map((line) => JSON.parse(line) as { pid: number; process: number });
}

await t.test('two processes', async (t) => {
  const [adminPort = 0] = await freePorts(1);
  const { service, connect } = await twoProcesses(t, { ADMIN_PORT: String(adminPort) });
  const admin = `http://127.0.0.1:${adminPort}`;

  await t.test('share all ports, and metrics cover both', async (t) => {
    t.same(numbersOf(readyProcesses(service)), [1, 2]);
    t.match(service.output, /"authentication":"off".*"msg":"Ready\."/);
    const connections = [connect(), connect()];
    const replicas = await Promise.all(connections.map((connection) => connection.replica()));
    t.equal(new Set(replicas).size, 2, 'connections are given to the processes in turn');
    for (const connection of connections) t.match(await connection.place(), { status: 202 });
    for (let call = 0; call < 2; call += 1) {
      const grpc = await GrpcClient.to(service.grpcAddress ?? '');
      t.teardown(() => grpc.close());
      await grpc.create(anOrder());
    }
    t.match(await new OrderClient(admin).get('/readyz'), { status: 200 });
    const metrics = await metricsOf(admin);
    for (const number of [1, 2]) {
      t.match(metrics, `orders_acknowledged_total{process="${number}"} 2`);
      t.match(metrics, `http_route="/v1/orders",http_response_status_code="202",process="${number}"`);
      t.match(metrics, `process_start_time_seconds{process="${number}"} `);
    }
    t.equal(metrics.split('# TYPE orders_acknowledged_total ').length, 2, 'each metric has one heading');
  });

  await t.test('each is listed as a process of the service', async (t) => {
    const pids = readyProcesses(service).map(({ pid }) => pid);
    const listed = async () =>
      (await new OrderClient(service.url).get<{ data: { role: string; pid: number }[] }>('/v1/replicas')).body
        .data;
    await eventually(async () => (await listed()).length === 2, { what: 'two processes' });
    const found = await listed();
    t.same(new Set(found.map(({ pid }) => pid)), new Set(pids));
    t.match(found, [{ role: 'api', partitions: [] }, { role: 'api' }]);
  });

  await t.test('one that is killed is replaced, and the other goes on', async (t) => {
    const [first, second] = [connect(), connect()] as const;
    await Promise.all([first.replica(), second.replica()]);
    const pid = readyProcesses(service).find(({ process }) => process === 1)?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    const lives = async (connection: Connection) =>
      (await connection.place().catch(() => ({ status: 0 }))).status === 202;
    const [firstLives, secondLives] = [await lives(first), await lives(second)];
    t.not(firstLives, secondLives, 'only the connection of the killed process is lost');
    const survivor = firstLives ? first : second;
    let failed = 0;
    const isReplaced = async () => {
      for (const connection of [survivor, connect()]) if (!(await lives(connection))) failed += 1;
      return readyProcesses(service).length === 3;
    };
    await eventually(isReplaced, { what: 'a third process' });
    t.equal(failed, 0, 'the other process goes on, and takes all new connections');
    const replacement = readyProcesses(service).at(-1);
    t.match(replacement, { process: 1 });
    t.not(replacement?.pid, pid);
    const replicas = await Promise.all([connect().replica(), connect().replica()]);
    t.equal(new Set(replicas).size, 2, 'both serve again');
  });

  await t.test('end after SIGTERM with exit code 0, when their requests have been answered', async (t) => {
    const connections = [connect(), connect()];
    await Promise.all(connections.map((connection) => connection.replica()));
    // No worker runs, so both wait until the shutdown.
    const waiting = connections.map((connection) => connection.place({ prefer: 'wait=30' }));
    const bothWait = async () => {
      const places = /^orders_watch_places_in_use\{kind="wait",process="\d"\} 1$/gm;
      return ((await metricsOf(admin)).match(places) ?? []).length === 2;
    };
    await eventually(bothWait, { what: 'both requests to wait' });
    const stopped = service.stop();
    t.match(await Promise.all(waiting), [{ status: 202 }, { status: 202 }]);
    t.same(await stopped, { code: 0, signal: null });
    for (const { pid } of readyProcesses(service)) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });
});

await t.test('two processes without Redis and ADMIN_PORT', async (t) => {
  const { service, connect } = await twoProcesses(t, {
    RATE_LIMIT_MAX: '6',
    RATE_LIMIT_WINDOW_MS: '600000',
  });

  await t.test('have the metrics of both on the shared port', async (t) => {
    const metrics = await metricsOf(service.url);
    for (const number of [1, 2]) t.match(metrics, `orders_acknowledged_total{process="${number}"} 0`);
  });

  await t.test('share RATE_LIMIT_MAX', async (t) => {
    t.match(service.output, 'RATE_LIMIT_MAX is divided by API_PROCESSES');
    const connections = [connect(), connect()];
    const statuses: (number | undefined)[] = [];
    for (let round = 0; round < 4; round += 1) {
      for (const connection of connections) statuses.push((await connection.place()).status);
    }
    t.equal(statuses.filter((status) => status === 202).length, 5, 'six, with the one for the metrics');
    t.same(statuses.slice(-2), [429, 429]);
  });

  await t.test('end when their supervisor is killed', async () => {
    await service.kill();
    await eventually(() => !readyProcesses(service).some(isRunning), { what: 'both processes to end' });
  });
});

await t.test('a port in use is reported once, and ends the start', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const { port } = other.address() as AddressInfo;
  const error: unknown = await twoProcesses(t, { PORT: String(port) }).catch((error: unknown) => error);
  if (!(error instanceof StartError)) throw error;
  t.match(error.exit, { code: 1 });
  t.equal(error.output.split(`Port ${port} of 127.0.0.1 is already in use`).length, 2, error.output);
});

function numbersOf(processes: { process: number }[]): number[] {
  return processes.map(({ process }) => process).sort();
}

async function metricsOf(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

function isRunning({ pid }: { pid: number }): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
