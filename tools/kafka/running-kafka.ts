import { readFile, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { dataFiles, lastLogLines } from './data-folder.ts';
import { hasErrno, LocalKafkaError } from './errors.ts';
import { isKafkaReady } from './health.ts';
import { HOST } from './ports.ts';
import { isOurBroker } from './process-identity.ts';
import { waitUntil } from '../support/wait-until.ts';

const READY_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 20_000;
const KILL_DEADLINE_MS = 5_000;

export interface RunningKafka {
  brokers: string;
  port: number;
  pid: number;
  /** SIGTERM, then SIGKILL when that takes too long; resolves when the process is gone */
  stop(): Promise<void>;
  /** SIGKILL, like a crash */
  kill(): Promise<void>;
}

/** The broker that runs on this data folder, even if another process started it. */
export async function findKafka(folder: string): Promise<RunningKafka | undefined> {
  const dataDirectory = resolve(folder);
  const files = dataFiles(dataDirectory);
  const pidFile = await readFile(files.pid, 'utf8').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return '';
    throw error;
  });
  const [pid = 0, port = 0] = pidFile.trim().split(' ').map(Number);
  return (await isOurBroker(pid, files.properties)) ? handleOf(pid, port, dataDirectory) : undefined;
}

/** @throws LocalKafkaError with the end of the broker's log when the broker exits or the deadline passes */
export async function waitUntilReady(
  broker: RunningKafka,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  const dataDirectory = resolve(folder);
  const { properties } = dataFiles(dataDirectory);
  const isReady = await waitUntil(
    async () => {
      if (await isOurBroker(broker.pid, properties)) return isKafkaReady(broker.port);
      const log = await lastLogLines(dataDirectory);
      throw new LocalKafkaError(`Kafka exited before it was ready. The end of its log:\n${log}`);
    },
    { deadlineMs: READY_DEADLINE_MS, everyMs: 100, signal },
  );
  if (isReady) return;
  const log = await lastLogLines(dataDirectory);
  throw new LocalKafkaError(`Kafka did not answer at ${broker.brokers}. The end of its log:\n${log}`);
}

export function handleOf(pid: number, port: number, dataDirectory: string): RunningKafka {
  const { properties, pid: pidFile } = dataFiles(dataDirectory);
  const end = async (signal: 'SIGTERM' | 'SIGKILL', deadlineMs: number): Promise<boolean> => {
    if (await isOurBroker(pid, properties)) process.kill(pid, signal);
    return waitUntil(async () => !(await isOurBroker(pid, properties)), { deadlineMs });
  };
  const kill = async (): Promise<void> => {
    if (!(await end('SIGKILL', KILL_DEADLINE_MS))) {
      throw new LocalKafkaError(`The broker (pid ${pid}) did not exit on SIGKILL`);
    }
    await rm(pidFile, { force: true });
  };
  const stop = async (): Promise<void> => {
    await end('SIGTERM', STOP_DEADLINE_MS);
    await kill();
  };
  return { brokers: `${HOST}:${port}`, port, pid, stop, kill };
}
