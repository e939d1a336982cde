import { execFile, type ExecFileException } from 'node:child_process';
import { join } from 'node:path';
import { LocalKafkaError } from './errors.ts';

const NEEDED_JAVA = 17;

export interface Outcome {
  ok: boolean;
  /** stdout, then stderr */
  output: string;
}

/** Runs a program to its end. Rejects only when the signal aborts. */
export function run(command: string, args: string[], signal?: AbortSignal): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const done = (error: ExecFileException | null, stdout: string, stderr: string): void => {
      if (signal?.aborted) reject(new Error(`${command} was interrupted`, { cause: signal.reason }));
      else resolve({ ok: error === null, output: stdout + stderr });
    };
    execFile(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, signal }, done);
  });
}

export function javaCommand(): string {
  const home = process.env.JAVA_HOME;
  return home ? join(home, 'bin', 'java') : 'java';
}

export async function hasJava(): Promise<boolean> {
  const { ok, output } = await run(javaCommand(), ['-version']);
  const major = /version "(\d+)/.exec(output)?.[1];
  return ok && major !== undefined && Number(major) >= NEEDED_JAVA;
}

export async function hasMaven(): Promise<boolean> {
  return (await run('mvn', ['-v'])).ok;
}

export async function hasDocker(): Promise<boolean> {
  return (await run('docker', ['info'])).ok;
}

/** The programs that the broker needs and this machine lacks. Maven is needed only to download the jars. */
export async function missingPrograms(jarsCached: boolean): Promise<string[]> {
  const [java, maven] = await Promise.all([hasJava(), jarsCached || hasMaven()]);
  return [...(java ? [] : [`Java ${NEEDED_JAVA} or newer`]), ...(maven ? [] : ['Maven'])];
}

export function programsMissing(missing: string[]): LocalKafkaError {
  return new LocalKafkaError(
    `Kafka needs ${missing.join(' and ')}. Install with "apt install openjdk-17-jre-headless maven" (Debian, Ubuntu) ` +
      'or "brew install openjdk maven" (macOS), or start Docker: kafka:start then runs Kafka in a container.',
  );
}
