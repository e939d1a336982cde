import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import type { RunningKafka } from '../../tools/kafka/broker-process.ts';
import type { PostgresServer } from '../../tools/support/postgres.ts';
import { waitUntil } from '../../tools/support/wait-until.ts';
import type { KeptOrder } from './losses.ts';
import { createTopics, readTopic } from './read-topic.ts';
import { RivalProcess } from './rival-process.ts';
import type { Rival } from './rivals.ts';

/** The servers that the rivals use. */
export interface Servers {
  folder: string;
  kafka: RunningKafka;
  /** only while those that store orders run */
  postgres?: PostgresServer | undefined;
}

const STORED_DEADLINE_MS = 90_000;
const COUNT_EVERY_MS = 100;

let stages = 0;

/** One rival on topics, a group, a folder and a database of its own; it can be started again on them. */
export class Stage {
  readonly rival: Rival;
  readonly name: string;
  readonly #servers: Servers;
  readonly #folder: string;
  readonly #database: { url: string; client: Client } | undefined;
  #running: RivalProcess | undefined;

  private constructor(
    rival: Rival,
    servers: Servers,
    places: { name: string; folder: string; database: { url: string; client: Client } | undefined },
  ) {
    this.rival = rival;
    this.#servers = servers;
    this.name = places.name;
    this.#folder = places.folder;
    this.#database = places.database;
  }

  /** The caller must call `close`. */
  static async open(rival: Rival, servers: Servers): Promise<Stage> {
    const name = `rivals-${process.pid}-${(stages += 1)}-${rival.id}`;
    const folder = join(servers.folder, name);
    await mkdir(folder);
    if (rival.kind !== 'bare') await createTopics(servers.kafka.brokers, rival.topics(name));
    return new Stage(rival, servers, { name, folder, database: await databaseOf(rival, servers) });
  }

  get running(): RivalProcess {
    if (this.#running === undefined) throw new Error(`${this.rival.title} does not run.`);
    return this.#running;
  }

  get isRunning(): boolean {
    return this.#running?.isAlive === true;
  }

  /** Resolves when it has accepted an order. */
  async start(): Promise<RivalProcess> {
    this.#running = await RivalProcess.start(this.rival, {
      brokers: this.#servers.kafka.brokers,
      name: this.name,
      folder: this.#folder,
      ...(this.#database === undefined ? {} : { databaseUrl: this.#database.url }),
    });
    return this.#running;
  }

  /** The process id of the database server's main process; undefined without one. */
  async databasePid(): Promise<number | undefined> {
    if (this.#database === undefined) return undefined;
    const { rows } = await this.#database.client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const status = await readFile(`/proc/${rows[0]?.pid ?? 0}/status`, 'utf8');
    return Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
  }

  async storedCount(): Promise<number> {
    const result = await this.#database?.client.query<{ count: number }>('SELECT count(*)::int FROM orders');
    return result?.rows[0]?.count ?? 0;
  }

  /** @throws Error when the database does not have so many orders in time */
  async untilStored(count: number): Promise<void> {
    const isStored = async () => (await this.storedCount()) >= count;
    if (await waitUntil(isStored, { deadlineMs: STORED_DEADLINE_MS, everyMs: COUNT_EVERY_MS })) return;
    throw new Error(
      `After ${STORED_DEADLINE_MS / 1000} s the database has ${await this.storedCount()} of ${count} orders.`,
    );
  }

  /** What was kept: by the database if there is one, by the topic otherwise. */
  async kept(): Promise<KeptOrder[]> {
    if (this.rival.kind === 'bare') return [];
    if (this.#database === undefined)
      return readTopic(this.#servers.kafka.brokers, this.rival.topic(this.name));
    const { rows } = await this.#database.client.query<{ id: string; customer_id: string }>(
      'SELECT id, customer_id FROM orders',
    );
    return rows.map(({ id, customer_id: customerId }) => ({ id, customerId }));
  }

  async close(): Promise<void> {
    await this.#running?.stop();
    await this.#database?.client.end();
  }
}

async function databaseOf({ kind, title }: Rival, { postgres }: Servers) {
  if (kind !== 'store') return undefined;
  if (postgres === undefined) throw new Error(`There is no database for ${title}.`);
  const url = await postgres.createDatabase();
  return { url, client: await postgres.connect(url) };
}
