import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

const MARKER = 'DRILL_INSIDE';

/**
 * Linux namespaces for mounts and processes: when the first process inside exits, however it does, the kernel ends all
 * others and removes the mounts. Root needs no user namespace; other users may be allowed one.
 */
const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const USER_NAMESPACE = ['--user', '--map-root-user'];

/** Whether `runInNamespace` started this process. */
export function isInNamespace(): boolean {
  return process.env[MARKER] === '1';
}

/** The options of `unshare` that work here, or undefined. */
export function namespaceOptions(): string[] | undefined {
  const choices = [NAMESPACES, [...USER_NAMESPACE, ...NAMESPACES]];
  return choices.find(
    (options) => spawnSync('unshare', [...options, 'true'], { stdio: 'ignore' }).status === 0,
  );
}

/** Runs this program again in namespaces of its own, and resolves with its exit code. */
export async function runInNamespace(options: readonly string[], interrupted: AbortSignal): Promise<number> {
  const child = spawn('unshare', [...options, process.execPath, ...process.argv.slice(1)], {
    env: { ...process.env, [MARKER]: '1' },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  interrupted.addEventListener('abort', () => child.connected && child.disconnect());
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** Inside: calls back when the parent is gone, or wants this process to end. */
export function onParentExit(callBack: () => void): void {
  process.once('disconnect', callBack);
  process.channel?.unref();
}
