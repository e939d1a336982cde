import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../kafka/jars.ts';
import { TOOLS, type Tool } from './versions.ts';

const execute = promisify(execFile);

export interface RunOptions {
  cwd?: string;
  /** added to the environment */
  env?: NodeJS.ProcessEnv;
}

/**
 * Runs a program to its end and returns its stdout.
 * @throws Error with stdout and stderr of the program if it fails
 */
export async function run(command: string, args: string[], { cwd, env }: RunOptions = {}): Promise<string> {
  try {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 };
    return (await execute(command, args, options)).stdout;
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as NodeJS.ErrnoException & Record<string, string>;
    if (code === 'ENOENT') throw new Error(`${command} is not installed.`, { cause: error });
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** Runs Go politely: with one job at a time, at low priority. The modules come from GOPROXY. */
export function go(args: string[], options: RunOptions = {}): Promise<string> {
  const env = { GOFLAGS: '-p=1 -buildvcs=false', GOWORK: 'off', ...options.env };
  return run('nice', ['-n', '15', 'go', ...args], { ...options, env });
}

/** The folder of a Go module, downloaded if it is not in the module cache. Its files are read-only. */
export async function goModule(module: string): Promise<string> {
  const { Dir } = JSON.parse(await go(['mod', 'download', '-json', module])) as { Dir: string };
  return Dir;
}

/** The path of a tool in the cache, built if it is missing; that takes about a minute. */
export async function toolPath(tool: Tool): Promise<string> {
  const version = TOOLS[tool].split('@')[1] ?? '';
  const folder = join(cacheFolder(), 'tools', `${tool}-${version}`);
  const path = join(folder, tool);
  if (existsSync(path)) return path;
  console.log(`Building ${TOOLS[tool]}`);
  // Renamed when it is complete, so that an interrupted build leaves nothing that looks usable.
  const partial = `${folder}.${process.pid}`;
  await mkdir(partial, { recursive: true });
  await go(['install', '-trimpath', '-ldflags=-s -w', TOOLS[tool]], { env: { GOBIN: partial } });
  await rename(partial, folder).catch(async (error: unknown) => {
    await rm(partial, { recursive: true, force: true });
    // Another process was faster.
    if (!existsSync(path)) throw error;
  });
  return path;
}
