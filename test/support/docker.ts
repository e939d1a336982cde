import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a program to its end and answers with its stdout. @throws Error with all that it said when it fails */
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

/** @throws Error that says what is missing */
export async function needDocker(): Promise<void> {
  try {
    await docker('version');
  } catch (error) {
    throw new Error(
      'This needs a Docker engine that answers (`docker version`); DOCKER_HOST names another.',
      {
        cause: error,
      },
    );
  }
}

/** What the engine knows of a container, as a Go template asks for it. */
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
