import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a program to its end. @returns its stdout @throws Error with its output if it fails */
export async function output(
  command: string,
  args: string[],
  environment: Record<string, string> = {},
): Promise<string> {
  const child = spawn(command, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} failed:\n${stdout.slice(-4_000)}${stderr.slice(-4_000)}`);
}

export async function docker(...args: string[]): Promise<string> {
  return (await output('docker', args)).trim();
}

/** @throws Error if no Docker engine answers */
export async function needDocker(): Promise<void> {
  try {
    await docker('version');
  } catch (error) {
    throw new Error(
      'This test needs a running Docker engine (check with `docker version`); DOCKER_HOST selects another one.',
      {
        cause: error,
      },
    );
  }
}

/** A property of a container, selected by a Go template. */
export function inspect(container: string, template: string): Promise<string> {
  return docker('inspect', '--format', template, container);
}

export async function isHealthy(container: string): Promise<boolean> {
  const status = await inspect(
    container,
    '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}',
  );
  if (status.startsWith('exited') || status.endsWith('unhealthy')) {
    throw new Error(
      `${container} is ${status}:\n${await output('docker', ['logs', '--tail', '40', container])}`,
    );
  }
  return status === 'running healthy';
}
