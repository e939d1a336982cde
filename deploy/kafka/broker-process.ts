import { spawn } from 'node:child_process';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cleanDataFolder, dataFiles, formatIfNeeded, lastLogLines, writeProperties } from './data-folder.ts';
import { hasErrno, LocalKafkaError } from './errors.ts';
import { answersKafka } from './health.ts';
import { jarsCached, serverJars, type FetchOptions } from './jars.ts';
import { claimPorts, HOST, type Ports } from './ports.ts';
import { BROKER_CLASS, isOurBroker } from './process-identity.ts';
import { withStartLock } from './start-lock.ts';
import { javaCommand, missingTools, toolsMissing } from './tools.ts';
import { waitUntil } from './wait.ts';

const HEALTH_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 20_000;
const KILL_DEADLINE_MS = 5_000;

export interface StartKafkaOptions extends FetchOptions {
  /** 0, the default, picks a free port */
  port?: number;
  controllerPort?: number;
  dataDirectory: string;
  /** true throws away what an earlier broker left in the data folder; false, the default, goes on with it */
  cleanData?: boolean;
  /** true lets the broker outlive this process; otherwise it is killed with it */
  detached?: boolean;
}

export interface RunningKafka {
  brokers: string;
  port: number;
  pid: number;
  /** SIGTERM, and SIGKILL when that takes too long; resolves when the process is gone, also if it already was */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would end it: nothing is flushed or handed over */
  kill(): Promise<void>;
}

/** Resolves when the broker answers; leaves no process behind when it rejects. */
export async function startKafka(options: StartKafkaOptions): Promise<RunningKafka> {
  const { port = 0, controllerPort = 0, cleanData = false, signal } = options;
  const dataDirectory = resolve(options.dataDirectory);
  const missing = await missingTools(jarsCached());
  if (missing.length > 0) throw toolsMissing(missing);
  const jars = await serverJars(options);
  const start = async (): Promise<RunningKafka> => {
    const running = await findKafka(dataDirectory);
    if (running) {
      const where = `${running.brokers} (pid ${running.pid})`;
      throw new LocalKafkaError('already-running', `A broker on ${dataDirectory} already runs at ${where}`);
    }
    const ports = await claimPorts({ port, controllerPort });
    if (cleanData) await cleanDataFolder(dataDirectory);
    await writeProperties(dataDirectory, ports);
    await formatIfNeeded(dataDirectory, jars, signal);
    const broker = await spawnBroker(dataDirectory, jars, ports, options.detached ?? false);
    try {
      await waitUntilKafkaAnswers(broker, dataDirectory, signal);
      return broker;
    } catch (error) {
      await broker.kill();
      throw error;
    }
  };
  return withStartLock(dataDirectory, start, signal);
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

async function spawnBroker(
  dataDirectory: string,
  jars: string,
  { port }: Ports,
  detached: boolean,
): Promise<RunningKafka> {
  const files = dataFiles(dataDirectory);
  // Without a log4j2 file this level goes to stdout, which is the log file.
  const jvm = [
    '-Xms256m',
    '-Xmx512m',
    '-XX:+ExitOnOutOfMemoryError',
    '-Dorg.apache.logging.log4j.level=INFO',
  ];
  const args = [...jvm, '-Djava.awt.headless=true', '-cp', join(jars, '*'), BROKER_CLASS, files.properties];
  const log = await open(files.brokerLog, 'a');
  try {
    const child = spawn(javaCommand(), args, {
      cwd: dataDirectory,
      detached,
      stdio: ['ignore', log.fd, log.fd],
    });
    const spawned = new Promise<void>((started, failed) =>
      child.once('spawn', started).once('error', failed),
    );
    await spawned;
    const { pid } = child;
    if (pid === undefined) throw new LocalKafkaError('broker-died', 'Java started without a process id');
    child.unref();
    if (!detached) {
      const killWithUs = (): boolean => child.kill('SIGKILL');
      process.once('exit', killWithUs);
      child.once('exit', () => process.off('exit', killWithUs));
    }
    await writeFile(files.pid, `${pid} ${port}\n`);
    return handleOf(pid, port, dataDirectory);
  } finally {
    await log.close();
  }
}

function handleOf(pid: number, port: number, dataDirectory: string): RunningKafka {
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
