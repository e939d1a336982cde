import { SINGLE_NODE } from './data-folder.ts';
import { LocalKafkaError } from './errors.ts';
import { isKafkaReady } from './health.ts';
import { claimPorts, HOST } from './ports.ts';
import { run } from './programs.ts';
import { waitUntil } from '../support/wait-until.ts';

const READY_DEADLINE_MS = 60_000;
/** not published */
const CONTROLLER_PORT = 29_093;

/** For machines with Docker but without Java or Maven. The data is lost with the container. */
export async function startDockerKafka(port: number, version: string, signal?: AbortSignal): Promise<void> {
  await stopDockerKafka(port);
  await claimPorts(port);
  const published = ['--name', containerName(port), '--publish', `${HOST}:${port}:${port}`];
  const settings = Object.entries(containerSettings(port)).flatMap(([name, value]) => [
    '--env',
    `KAFKA_${name.toUpperCase().replaceAll('.', '_')}=${value}`,
  ]);
  const image = `apache/kafka:${version}`;
  const started = await run('docker', ['run', '--detach', ...published, ...settings, image], signal);
  try {
    if (!started.ok) throw new LocalKafkaError(`Docker could not run ${image}:\n${started.output}`);
    const isReady = async (): Promise<boolean> => {
      if (await dockerKafkaRuns(port)) return isKafkaReady(port);
      throw new LocalKafkaError(`Kafka exited before it was ready:\n${await lastLines(port)}`);
    };
    if (await waitUntil(isReady, { deadlineMs: READY_DEADLINE_MS, everyMs: 250, signal })) return;
    throw new LocalKafkaError(`Kafka did not answer at ${HOST}:${port}:\n${await lastLines(port)}`);
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
    'controller.quorum.voters': `1@localhost:${CONTROLLER_PORT}`,
    listeners: `PLAINTEXT://0.0.0.0:${port},CONTROLLER://localhost:${CONTROLLER_PORT}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${port}`,
    ...SINGLE_NODE,
  };
}
