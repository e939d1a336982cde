import { spawn } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cleanDataFolder, dataFiles, formatIfNeeded, writeProperties } from './data-folder.ts';
import { LocalKafkaError } from './errors.ts';
import { jarsCached, serverJars, type FetchOptions } from './jars.ts';
import { claimPorts, type Ports } from './ports.ts';
import { BROKER_CLASS } from './process-identity.ts';
import { findKafka, handleOf, waitUntilReady, type RunningKafka } from './running-kafka.ts';
import { withStartLock } from './start-lock.ts';
import { javaCommand, missingPrograms, programsMissing } from './programs.ts';

export type { RunningKafka } from './running-kafka.ts';

export interface StartKafkaOptions extends FetchOptions {
  /** 0, the default, picks a free port */
  port?: number;
  dataDirectory: string;
  /** true deletes the data of an earlier broker; false, the default, keeps it */
  cleanData?: boolean;
  /** true lets the broker outlive this process; false, the default, kills it with this process */
  detached?: boolean;
}

/** Resolves when the broker is ready; leaves no process behind when it rejects. */
export async function startKafka(options: StartKafkaOptions): Promise<RunningKafka> {
  const { port = 0, cleanData = false, signal } = options;
  const dataDirectory = resolve(options.dataDirectory);
  const missing = await missingPrograms(jarsCached());
  if (missing.length > 0) throw programsMissing(missing);
  const jars = await serverJars(options);
  const start = async (): Promise<RunningKafka> => {
    const running = await findKafka(dataDirectory);
    if (running) {
      const where = `${running.brokers} (pid ${running.pid})`;
      throw new LocalKafkaError(`A broker already runs on ${dataDirectory}, at ${where}`);
    }
    const ports = await claimPorts(port);
    if (cleanData) await cleanDataFolder(dataDirectory);
    await writeProperties(dataDirectory, ports);
    await formatIfNeeded(dataDirectory, jars, signal);
    const broker = await spawnBroker(dataDirectory, jars, ports, options.detached ?? false);
    try {
      await waitUntilReady(broker, dataDirectory, signal);
      return broker;
    } catch (error) {
      await broker.kill();
      throw error;
    }
  };
  return withStartLock(dataDirectory, start, signal);
}

async function spawnBroker(
  dataDirectory: string,
  jars: string,
  { port }: Ports,
  detached: boolean,
): Promise<RunningKafka> {
  const files = dataFiles(dataDirectory);
  // Without a log4j2 file, this level goes to stdout, which is the log file.
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
    if (pid === undefined) throw new LocalKafkaError('Java started without a process id');
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
