import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../tools/kafka/programs.ts';

/** Compiled to dist/bench/rivals/; all build output stays in dist/rivals/. */
const SOURCES = fileURLToPath(new URL('../../../bench/rivals/', import.meta.url));
const OUTPUT = fileURLToPath(new URL('../../rivals/', import.meta.url));
const NODE_FILES = [
  ...['package.json', 'package-lock.json', 'order-server.mjs'],
  ...['coalescer.mjs', 'platformatic.mjs', 'kafkajs.mjs'],
];

/** The path of a file in the build output of one rival. */
export function builtFile(rival: string, file: string): string {
  return join(OUTPUT, rival, file);
}

export const buildGo = once(async () => {
  await need('go', ['version']);
  await build('go', ['-C', join(SOURCES, 'go'), 'build', '-trimpath', '-o', builtFile('go', 'rival'), '.']);
});

export const buildRust = once(async () => {
  await need('cargo', ['--version']);
  const manifest = join(SOURCES, 'rust', 'Cargo.toml');
  const target = join(OUTPUT, 'rust');
  await build('cargo', [
    'build',
    '--release',
    '--locked',
    '--manifest-path',
    manifest,
    '--target-dir',
    target,
  ]);
});

export const buildSpring = once(async () => {
  await need('mvn', ['-v']);
  const pom = join(SOURCES, 'spring', 'pom.xml');
  await build('mvn', ['-B', '-q', '-f', pom, `-Doutput=${join(OUTPUT, 'spring')}`, 'package']);
});

export const buildNode = once(async () => {
  await need('npm', ['--version']);
  const folder = join(OUTPUT, 'node');
  await mkdir(folder, { recursive: true });
  for (const file of NODE_FILES) await copyFile(join(SOURCES, 'node', file), join(folder, file));
  await build('npm', ['ci', '--prefix', folder, '--no-audit', '--no-fund']);
});

/** The versions of the toolchains that are present, one line each. */
export async function toolchainVersions(): Promise<Record<string, string>> {
  const versions: Record<string, string> = { node: process.version };
  const programs = { go: ['version'], rustc: ['--version'], java: ['-version'] };
  for (const [program, args] of Object.entries(programs)) {
    const { ok, output } = await run(program, args);
    if (ok) versions[program] = output.split('\n')[0]?.trim() ?? '';
  }
  return versions;
}

async function need(program: string, args: string[]): Promise<void> {
  const { ok } = await run(program, args);
  if (!ok) throw new Error(`${program} is not installed`);
}

async function build(program: string, args: string[]): Promise<void> {
  const { ok, output } = await run(program, args);
  if (!ok) throw new Error(`${program} could not build it: ${output.trim().slice(-1_000)}`);
}

/** Two rivals of one source are built once. */
function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= work());
}
