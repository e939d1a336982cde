import { join } from 'node:path';
import { startKafka } from './broker-process.ts';
import { dockerKafkaRuns, startDockerKafka, stopDockerKafka } from './docker-kafka.ts';
import { isLocalKafkaError, LocalKafkaError } from './errors.ts';
import { cacheFolder, jarsCached, kafkaVersion } from './jars.ts';
import { HOST } from './ports.ts';
import { findKafka, waitUntilKafkaAnswers, type RunningKafka } from './running-kafka.ts';
import { withStartLock } from './start-lock.ts';
import { hasDocker, missingTools } from './tools.ts';

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
    console.error('usage: local-kafka start | stop   (KAFKA_PORT chooses another port than 9092)');
    process.exitCode = 2;
  }
}

async function start(port: number, dataDirectory: string): Promise<string> {
  const { signal } = interruption;
  const running = await findKafka(dataDirectory);
  if (running) return whenAnswering(running, dataDirectory);
  const version = kafkaVersion();
  const missing = await missingTools(jarsCached());
  if (missing.length > 0 && (await hasDocker())) {
    if (await dockerKafkaRuns(port)) return `Kafka already runs at ${HOST}:${port} (Docker)`;
    await startDockerKafka(port, version, signal);
    return `Kafka ${version} answers at ${HOST}:${port} (Docker)`;
  }
  const onProgress = process.stderr.isTTY ? (words: string): void => console.error(words) : undefined;
  try {
    const kafka = await startKafka({
      port,
      dataDirectory,
      cleanData: true,
      detached: true,
      signal,
      onProgress,
    });
    return `Kafka ${version} answers at ${kafka.brokers}`;
  } catch (error) {
    const other = isLocalKafkaError(error, 'already-running') ? await findKafka(dataDirectory) : undefined;
    if (other) return whenAnswering(other, dataDirectory);
    throw error;
  }
}

async function whenAnswering(running: RunningKafka, dataDirectory: string): Promise<string> {
  await waitUntilKafkaAnswers(running, dataDirectory, interruption.signal);
  return `Kafka already runs at ${running.brokers}`;
}

async function stop(port: number, dataDirectory: string): Promise<string> {
  // Under the lock only when there is no pid yet: a start may be about to write one.
  const running =
    (await findKafka(dataDirectory)) ?? (await withStartLock(dataDirectory, () => findKafka(dataDirectory)));
  if (running) {
    await running.stop();
    return `Kafka at ${running.brokers} is stopped`;
  }
  if (await dockerKafkaRuns(port)) {
    await stopDockerKafka(port);
    return `Kafka at ${HOST}:${port} is stopped (Docker)`;
  }
  return `No Kafka of ours runs at ${HOST}:${port}`;
}

function chosenPort(): number {
  const port = Number(process.env.KAFKA_PORT || DEFAULT_PORT);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new LocalKafkaError('port-invalid', 'KAFKA_PORT has to be a port from 1 to 65535');
}
