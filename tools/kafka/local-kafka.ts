import { join } from 'node:path';
import { startKafka } from './broker-process.ts';
import { dockerKafkaRuns, startDockerKafka, stopDockerKafka } from './docker-kafka.ts';
import { LocalKafkaError } from './errors.ts';
import { cacheFolder, jarsCached, kafkaVersion } from './jars.ts';
import { HOST } from './ports.ts';
import { findKafka, waitUntilReady, type RunningKafka } from './running-kafka.ts';
import { withStartLock } from './start-lock.ts';
import { hasDocker, missingPrograms } from './programs.ts';

const DEFAULT_PORT = 9092;
const INTERRUPTED = 130;

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());

try {
  await main(process.argv[2]);
} catch (error) {
  if (interruption.signal.aborted) process.exitCode = INTERRUPTED;
  else {
    console.error(error instanceof LocalKafkaError ? error.message : error);
    process.exitCode = 1;
  }
}

async function main(command: string | undefined): Promise<void> {
  const port = chosenPort();
  const dataDirectory = join(cacheFolder(), `kafka-data-${port}`);
  if (command === 'start') console.log(await start(port, dataDirectory));
  else if (command === 'stop') console.log(await stop(port, dataDirectory));
  else {
    console.error(
      'Usage: npm run kafka:start, npm run kafka:stop. KAFKA_PORT sets the port (default: 9092).',
    );
    process.exitCode = 2;
  }
}

async function start(port: number, dataDirectory: string): Promise<string> {
  const { signal } = interruption;
  const running = await findKafka(dataDirectory);
  if (running) return whenReady(running, dataDirectory);
  const version = kafkaVersion();
  const missing = await missingPrograms(jarsCached());
  if (missing.length > 0 && (await hasDocker())) {
    if (await dockerKafkaRuns(port)) return `Kafka already runs at ${HOST}:${port} (Docker)`;
    await startDockerKafka(port, version, signal);
    return `Kafka ${version} is ready at ${HOST}:${port} (Docker)`;
  }
  const onProgress = process.stderr.isTTY ? (text: string): void => console.error(text) : undefined;
  try {
    const kafka = await startKafka({
      port,
      dataDirectory,
      cleanData: true,
      detached: true,
      signal,
      onProgress,
    });
    return `Kafka ${version} is ready at ${kafka.brokers}`;
  } catch (error) {
    // Another process may have started it in the meantime.
    const other = error instanceof LocalKafkaError ? await findKafka(dataDirectory) : undefined;
    if (other) return whenReady(other, dataDirectory);
    throw error;
  }
}

async function whenReady(running: RunningKafka, dataDirectory: string): Promise<string> {
  await waitUntilReady(running, dataDirectory, interruption.signal);
  return `Kafka already runs at ${running.brokers}`;
}

async function stop(port: number, dataDirectory: string): Promise<string> {
  // Without a pid file, wait for the lock: a start in progress may be about to write one.
  const running =
    (await findKafka(dataDirectory)) ?? (await withStartLock(dataDirectory, () => findKafka(dataDirectory)));
  if (running) {
    await running.stop();
    return `Stopped Kafka at ${running.brokers}`;
  }
  if (await dockerKafkaRuns(port)) {
    await stopDockerKafka(port);
    return `Stopped Kafka at ${HOST}:${port} (Docker)`;
  }
  return `No Kafka that kafka:start started runs at ${HOST}:${port}`;
}

function chosenPort(): number {
  const port = Number(process.env.KAFKA_PORT || DEFAULT_PORT);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new LocalKafkaError('KAFKA_PORT must be a port from 1 to 65535.');
}
