import { readFile, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { dataFiles, lastLogLines } from './data-folder.ts';
import { hasErrno, LocalKafkaError } from './errors.ts';
import { answersKafka } from './health.ts';
import { HOST } from './ports.ts';
import { isOurBroker } from './process-identity.ts';
import { waitUntil } from './wait.ts';

const HEALTH_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 20_000;
const KILL_DEADLINE_MS = 5_000;

export interface RunningKafka {
  brokers: string;
  port: number;
  pid: number;
  /** SIGTERM, and SIGKILL when that takes too long; resolves when the process is gone, also if it already was */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would end it: nothing is flushed or handed over */
  kill(): Promise<void>;
}

/** The broker that an earlier `startKafka`, maybe of another process, left running on this data folder. */
export async function findKafka(folder: string): Promise<RunningKafka | undefined> {
  const dataDirectory = resolve(folder);
  const files = dataFiles(dataDirectory);
  const noted = await readFile(files.pid, 'utf8').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return '';
    throw error;
  });
  const [pid = 0, port = 0] = noted.trim().split(' ').map(Number);
  return (await isOurBroker(pid, files.properties)) ? handleOf(pid, port, dataDirectory) : undefined;
}

/** Rejects with the end of the broker's log when the broker dies first or stays silent until the deadline. */
export async function waitUntilKafkaAnswers(
  broker: RunningKafka,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  const dataDirectory = resolve(folder);
  const { properties } = dataFiles(dataDirectory);
  const answered = await waitUntil(
    async () => {
      if (await isOurBroker(broker.pid, properties)) return answersKafka(broker.port);
      const log = await lastLogLines(dataDirectory);
      throw new LocalKafkaError('broker-died', `Kafka ended before it answered; the end of its log:\n${log}`);
    },
    { deadlineMs: HEALTH_DEADLINE_MS, everyMs: 100, signal },
  );
  if (answered) return;
  const log = await lastLogLines(dataDirectory);
  throw new LocalKafkaError(
    'broker-silent',
    `Kafka did not answer at ${broker.brokers}; the end of its log:\n${log}`,
  );
}

export function handleOf(pid: number, port: number, dataDirectory: string): RunningKafka {
  const { properties, pid: pidFile } = dataFiles(dataDirectory);
  const end = async (signal: 'SIGTERM' | 'SIGKILL', deadlineMs: number): Promise<boolean> => {
    if (await isOurBroker(pid, properties)) process.kill(pid, signal);
    return waitUntil(async () => !(await isOurBroker(pid, properties)), { deadlineMs });
  };
  const kill = async (): Promise<void> => {
    if (!(await end('SIGKILL', KILL_DEADLINE_MS))) {
      throw new LocalKafkaError('broker-unstoppable', `Process ${pid} of the broker did not end on SIGKILL`);
    }
    await rm(pidFile, { force: true });
  };
  const stop = async (): Promise<void> => {
    await end('SIGTERM', STOP_DEADLINE_MS);
    await kill();
  };
  return { brokers: `${HOST}:${port}`, port, pid, stop, kill };
}
