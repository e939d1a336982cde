import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno, LocalKafkaError } from './errors.ts';
import { HOST, type Ports } from './ports.ts';
import { javaCommand, run } from './programs.ts';

export interface DataFiles {
  events: string;
  properties: string;
  brokerLog: string;
  pid: string;
}

export function dataFiles(dataDirectory: string): DataFiles {
  return {
    events: join(dataDirectory, 'events'),
    properties: join(dataDirectory, 'server.properties'),
    brokerLog: join(dataDirectory, 'broker.log'),
    pid: join(dataDirectory, 'broker.pid'),
  };
}

/** Removes a broker's files and no others, in case the folder is the wrong one. */
export async function cleanDataFolder(dataDirectory: string): Promise<void> {
  const files = dataFiles(dataDirectory);
  await Promise.all(Object.values(files).map((file: string) => rm(file, { recursive: true, force: true })));
}

export async function writeProperties(dataDirectory: string, ports: Ports): Promise<void> {
  await writeFile(dataFiles(dataDirectory).properties, serverProperties(dataDirectory, ports));
}

export async function formatIfNeeded(
  dataDirectory: string,
  jars: string,
  signal?: AbortSignal,
): Promise<void> {
  const { events, properties } = dataFiles(dataDirectory);
  if (existsSync(join(events, 'meta.properties'))) return;
  // --ignore-formatted also completes an interrupted format.
  const tool = ['kafka.tools.StorageTool', 'format', '--ignore-formatted'];
  // The tool would take a cluster id with a leading dash for an option.
  const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A');
  const args = [
    '-Xmx128m',
    '-cp',
    join(jars, '*'),
    ...tool,
    '--cluster-id',
    clusterId,
    '--config',
    properties,
  ];
  const { ok, output } = await run(javaCommand(), args, signal);
  if (!ok) throw new LocalKafkaError(`Kafka could not format ${events}:\n${output.trim()}`);
}

export async function lastLogLines(dataDirectory: string, count = 20): Promise<string> {
  try {
    const log = await readFile(dataFiles(dataDirectory).brokerLog, 'utf8');
    return log.trimEnd().split('\n').slice(-count).join('\n');
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return '(no log)';
    throw error;
  }
}

function serverProperties(dataDirectory: string, { port, controllerPort }: Ports): string {
  const settings = {
    'controller.quorum.voters': `1@${HOST}:${controllerPort}`,
    listeners: `PLAINTEXT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${port}`,
    'log.dirs': dataFiles(dataDirectory).events,
    // After a crash, the new broker waits for the old one's session to end.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '1000',
    ...SINGLE_NODE,
  };
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`,
  );
  return lines.join('');
}

/** One node for few clients: Kafka's own topics have one replica and few partitions. */
export const SINGLE_NODE = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'num.partitions': '12',
  'auto.create.topics.enable': 'false',
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '4',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '4',
  // The default of 128 MiB is half of the broker's initial heap and keeps its garbage collector busy.
  'log.cleaner.dedupe.buffer.size': String(4 * 1024 * 1024),
} as const;
