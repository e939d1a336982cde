import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import kafka, { type Metadata, type NewTopic } from 'node-rdkafka';
import { call, closeProducer } from '../../../src/log/kafka/client-calls.ts';
import { SINGLE_NODE } from '../../../tools/kafka/data-folder.ts';
import { serverJars } from '../../../tools/kafka/jars.ts';
import { HOST } from '../../../tools/kafka/ports.ts';
import { BROKER_CLASS } from '../../../tools/kafka/process-identity.ts';
import { javaCommand, run } from '../../../tools/kafka/programs.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { freePorts } from '../../../tools/support/free-ports.ts';

const CONTROLLER = 1;
const BROKERS = [2, 3] as const;

/** Longer than a broker is stopped for, so that it stays in sync. */
const SESSION_TIMEOUT_MS = 4_000;

const CALL_TIMEOUT_MS = 5_000;

/** A real Kafka with a controller and two brokers, so that a record can have a replica. */
export class KafkaPair {
  /** host:port of both brokers */
  readonly addresses: string;
  readonly #nodes: ReadonlyMap<number, ChildProcess>;

  private constructor(addresses: string, nodes: ReadonlyMap<number, ChildProcess>) {
    this.addresses = addresses;
    this.#nodes = nodes;
  }

  /** Resolves when both brokers answer. @throws Error with the end of a log when Kafka does not start */
  static async start(folder: string): Promise<KafkaPair> {
    const jars = await serverJars();
    const [controllerPort = 0, ...ports] = await freePorts(1 + BROKERS.length);
    const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A');
    const nodes = new Map<number, ChildProcess>();
    const properties = [
      controllerProperties(controllerPort),
      ...BROKERS.map((id, index) => brokerProperties(id, ports[index] ?? 0, controllerPort)),
    ];
    await Promise.all(properties.map((each) => formatNode(folder, jars, clusterId, each)));
    for (const { 'node.id': id } of properties) nodes.set(Number(id), await startNode(folder, jars, id));
    const pair = new KafkaPair(ports.map((port) => `${HOST}:${port}`).join(), nodes);
    try {
      await eventually(async () => (await pair.#metadata())?.brokers.length === BROKERS.length, {
        what: 'both brokers to answer',
        timeoutMs: 60_000,
      });
      return pair;
    } catch (error) {
      await pair.stop();
      throw new Error(`Kafka did not start: ${await lastLines(folder)}`, { cause: error });
    }
  }

  /** Creates topics with a replica on each broker. @returns by topic, the partition that the first broker leads */
  async createTopics(topics: readonly string[]): Promise<Map<string, number>> {
    const admin = kafka.AdminClient.create({ 'bootstrap.servers': this.addresses });
    const create = promisify<NewTopic, number>(admin.createTopic.bind(admin));
    try {
      for (const topic of topics) {
        await create(
          { topic, num_partitions: BROKERS.length, replication_factor: BROKERS.length },
          CALL_TIMEOUT_MS,
        );
      }
    } finally {
      admin.disconnect();
    }
    const led = new Map<string, number>();
    await eventually(
      async () => {
        for (const { name, partitions } of (await this.#metadata())?.topics ?? []) {
          const first = partitions.find(({ leader, isrs }) => leader === BROKERS[0] && isrs.length === 2);
          if (first !== undefined) led.set(name, first.id);
        }
        return topics.every((topic) => led.has(topic));
      },
      { what: 'the topics to have leaders and replicas' },
    );
    return led;
  }

  /** The follower stops for a while, then the leader is killed, and the follower goes on without it. */
  async loseLeader(stoppedMs: number, atTheSameTime: () => Promise<void>): Promise<void> {
    const [leader, follower] = BROKERS.map((id) => this.#nodes.get(id));
    follower?.kill('SIGSTOP');
    await delay(stoppedMs);
    leader?.kill('SIGKILL');
    await atTheSameTime();
    follower?.kill('SIGCONT');
  }

  /** Resolves when the second broker leads these partitions. */
  async failedOver(partitions: ReadonlyMap<string, number>): Promise<void> {
    const isLed = (topics: Metadata['topics']) =>
      [...partitions].every(([topic, partition]) =>
        topics
          .find(({ name }) => name === topic)
          ?.partitions.some(({ id, leader }) => id === partition && leader === BROKERS[1]),
      );
    await eventually(async () => isLed((await this.#metadata())?.topics ?? []), {
      what: 'the second broker to lead',
      timeoutMs: 60_000,
    });
  }

  /** SIGKILL: the data is not needed any more. */
  async stop(): Promise<void> {
    for (const node of this.#nodes.values()) {
      if (node.exitCode !== null || node.signalCode !== null) continue;
      const exited = once(node, 'exit');
      node.kill('SIGKILL');
      await exited;
    }
  }

  /** Undefined while no broker answers. */
  async #metadata(): Promise<Metadata | undefined> {
    const client = new kafka.Producer({ 'bootstrap.servers': this.addresses, log_level: 0 });
    client.on('event.error', () => undefined);
    try {
      return await call<Metadata>((done) =>
        client.connect({ allTopics: true, timeout: CALL_TIMEOUT_MS }, done),
      );
    } catch {
      return undefined;
    } finally {
      if (client.isConnected()) await closeProducer(client);
    }
  }
}

type Properties = Record<string, string> & { 'node.id': string };

function controllerProperties(port: number): Properties {
  return {
    ...SINGLE_NODE,
    'process.roles': 'controller',
    'node.id': String(CONTROLLER),
    listeners: `CONTROLLER://${HOST}:${port}`,
    'controller.quorum.voters': `${CONTROLLER}@${HOST}:${port}`,
    'broker.session.timeout.ms': String(SESSION_TIMEOUT_MS),
  };
}

function brokerProperties(id: number, port: number, controllerPort: number): Properties {
  return {
    ...SINGLE_NODE,
    'process.roles': 'broker',
    'node.id': String(id),
    listeners: `PLAINTEXT://${HOST}:${port}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${port}`,
    'controller.quorum.voters': `${CONTROLLER}@${HOST}:${controllerPort}`,
    'broker.heartbeat.interval.ms': '500',
    'offsets.topic.replication.factor': '2',
  };
}

async function formatNode(
  folder: string,
  jars: string,
  clusterId: string,
  properties: Properties,
): Promise<void> {
  const data = join(folder, properties['node.id']);
  await mkdir(data);
  const file = join(data, 'server.properties');
  const lines = Object.entries({ ...properties, 'log.dirs': join(data, 'events') });
  await writeFile(file, lines.map(([name, value]) => `${name}=${value}\n`).join(''));
  const tool = ['kafka.tools.StorageTool', 'format', '--cluster-id', clusterId, '--config', file];
  const { ok, output } = await run(javaCommand(), ['-Xmx128m', '-cp', join(jars, '*'), ...tool]);
  if (!ok) throw new Error(`Kafka could not format ${data}: ${output.trim()}`);
}

/** It is killed with this process. */
async function startNode(folder: string, jars: string, id: string): Promise<ChildProcess> {
  const data = join(folder, id);
  const log = await open(join(data, 'node.log'), 'a');
  try {
    const args = ['-Xms128m', '-Xmx384m', '-Dorg.apache.logging.log4j.level=INFO', '-cp', join(jars, '*')];
    const node = spawn(javaCommand(), [...args, BROKER_CLASS, join(data, 'server.properties')], {
      cwd: data,
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(node, 'spawn');
    const killWithUs = () => node.kill('SIGKILL');
    process.once('exit', killWithUs);
    node.once('exit', () => process.off('exit', killWithUs));
    return node;
  } finally {
    await log.close();
  }
}

async function lastLines(folder: string): Promise<string> {
  const texts = [CONTROLLER, ...BROKERS].map((id) => readFile(join(folder, String(id), 'node.log'), 'utf8'));
  return (await Promise.all(texts)).map((text) => text.split('\n').slice(-5).join('\n')).join('\n');
}
