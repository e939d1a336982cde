import { execFile, type ExecFileException } from 'node:child_process';
import { join } from 'node:path';
import { LocalKafkaError } from './errors.ts';

const NEEDED_JAVA = 17;

export interface Outcome {
  ok: boolean;
  /** stdout and stderr, one after the other */
  output: string;
}

/** Runs a program to its end and never rejects, except when the signal aborts. */
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

/** Names what the broker lacks here; Maven counts only as long as the jars are not there. */
export async function missingTools(jarsCached: boolean): Promise<string[]> {
  const [java, maven] = await Promise.all([hasJava(), jarsCached || hasMaven()]);
  return [...(java ? [] : [`Java ${NEEDED_JAVA} or newer`]), ...(maven ? [] : ['Maven'])];
}

export function toolsMissing(missing: string[]): LocalKafkaError {
  const lack = `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing`;
  const remedy =
    'install with "apt install openjdk-17-jre-headless maven" (Debian, Ubuntu) or "brew install openjdk maven" ' +
    '(macOS), or start Docker, which kafka:start takes instead';
  return new LocalKafkaError('tools-missing', `Kafka cannot start here: ${lack}; ${remedy}.`);
}
