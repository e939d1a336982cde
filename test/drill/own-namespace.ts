import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

const INSIDE = 'DRILL_INSIDE';

/**
 * Namespaces of Linux for mounts and processes: what is mounted and started inside is ended by the kernel with the first
 * process inside, however that ends. Root needs no user namespace, anybody else may have one.
 */
const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const AS_ROOT_INSIDE = ['--user', '--map-root-user'];

/** Whether this process was started by `runInside`. */
export function isInside(): boolean {
  return process.env[INSIDE] === '1';
}

/** The options of `unshare` that work here, or undefined. */
export function namespaceOptions(): string[] | undefined {
  const choices = [NAMESPACES, [...AS_ROOT_INSIDE, ...NAMESPACES]];
  return choices.find(
    (options) => spawnSync('unshare', [...options, 'true'], { stdio: 'ignore' }).status === 0,
  );
}

/** Runs this program again inside, hands signals on and answers its exit code. */
export async function runInside(options: readonly string[], interrupted: AbortSignal): Promise<number> {
  const child = spawn('unshare', [...options, process.execPath, ...process.argv.slice(1)], {
    env: { ...process.env, [INSIDE]: '1' },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  interrupted.addEventListener('abort', () => child.connected && child.disconnect());
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** Calls back when whoever runs us inside is gone, or wants us to end. */
export function whenOutsideIsGone(callBack: () => void): void {
  process.once('disconnect', callBack);
  process.channel?.unref();
}
