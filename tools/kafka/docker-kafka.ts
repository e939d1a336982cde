import { SINGLE_NODE } from './data-folder.ts';
import { LocalKafkaError } from './errors.ts';
import { answersKafka } from './health.ts';
import { claimPorts, HOST } from './ports.ts';
import { run } from './tools.ts';
import { waitUntil } from './wait.ts';

const HEALTH_DEADLINE_MS = 60_000;
/** inside of the container, never published */
const CONTROLLER_PORT = 29_093;

/** The way for machines with Docker but without Java or Maven; the data lives and dies with the container. */
export async function startDockerKafka(port: number, version: string, signal?: AbortSignal): Promise<void> {
  await stopDockerKafka(port);
  await claimPorts({ port, controllerPort: 0 });
  const published = ['--name', containerName(port), '--publish', `${HOST}:${port}:${port}`];
  const settings = Object.entries(containerSettings(port)).flatMap(([name, value]) => [
    '--env',
    `KAFKA_${name.toUpperCase().replaceAll('.', '_')}=${value}`,
  ]);
  const image = `apache/kafka:${version}`;
  const started = await run('docker', ['run', '--detach', ...published, ...settings, image], signal);
  try {
    if (!started.ok)
      throw new LocalKafkaError('broker-died', `Docker could not run ${image}:\n${started.output}`);
    const lives = async (): Promise<boolean> => {
      if (await dockerKafkaRuns(port)) return answersKafka(port);
      throw new LocalKafkaError('broker-died', `Kafka ended before it answered:\n${await lastLines(port)}`);
    };
    if (await waitUntil(lives, { deadlineMs: HEALTH_DEADLINE_MS, everyMs: 250, signal })) return;
    throw new LocalKafkaError(
      'broker-silent',
      `Kafka did not answer at ${HOST}:${port}:\n${await lastLines(port)}`,
    );
  } catch (error) {
    await stopDockerKafka(port);
    throw error;
  }
}

export async function dockerKafkaRuns(port: number): Promise<boolean> {
  const { ok, output } = await run('docker', [
    'inspect',
    '--format',
    '{{.State.Running}}',
    containerName(port),
  ]);
  return ok && output.trim() === 'true';
}

/** Removes the container, running or not. */
export async function stopDockerKafka(port: number): Promise<void> {
  await run('docker', ['rm', '--force', '--volumes', containerName(port)]);
}

async function lastLines(port: number): Promise<string> {
  return (await run('docker', ['logs', '--tail', '20', containerName(port)])).output;
}

function containerName(port: number): string {
  return `order-system-kafka-${port}`;
}

function containerSettings(port: number): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@localhost:${CONTROLLER_PORT}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    listeners: `PLAINTEXT://0.0.0.0:${port},CONTROLLER://localhost:${CONTROLLER_PORT}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'num.partitions': '12',
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    ...SINGLE_NODE,
  };
}
