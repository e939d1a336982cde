import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import type { Release } from './releases.ts';

const run = promisify(execFile);

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Below node_modules/, so that an old build finds the installed packages. Releases one apart share their versions. */
const CACHE = join(ROOT, 'node_modules', '.cache', 'releases');

const COMPILER_OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

/**
 * Compiles the program of an earlier release from the history of this checkout, once.
 * @returns the path of its main.js
 * @throws Error if the history does not contain its commit
 */
export async function buildRelease(release: Release): Promise<string> {
  const folder = join(CACHE, release.commit);
  const main = join(folder, 'dist', 'src', 'main.js');
  if (existsSync(main)) return main;
  await mkdir(CACHE, { recursive: true });
  // Renamed when it is complete, so that an interrupted build leaves no partial cache.
  const partial = await mkdtemp(join(CACHE, 'partial-'));
  try {
    await extract(release, partial);
    await compile(join(partial, 'src'), join(partial, 'dist', 'src'));
    await rename(partial, folder).catch((error: unknown) => {
      if (!existsSync(main)) throw error;
    });
    return main;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function extract({ version, commit }: Release, to: string): Promise<void> {
  const archive = join(to, 'source.tar');
  const paths = ['package.json', 'proto', 'src'];
  await run('git', ['-C', ROOT, 'archive', '--output', archive, commit, ...paths]).catch((cause: unknown) => {
    const help = `Fetch the whole history (git fetch --unshallow) to test beside release ${version}.`;
    throw new Error(`This checkout has no commit ${commit}. ${help}`, { cause });
  });
  await run('tar', ['-xf', archive, '-C', to]);
}

/** Types are not checked: they were when it was released. Files that are no TypeScript are copied. */
async function compile(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const target = join(to, path.slice(from.length));
    await mkdir(dirname(target), { recursive: true });
    if (!path.endsWith('.ts') || path.endsWith('.d.ts')) {
      await copyFile(path, target);
      continue;
    }
    const source = await readFile(path, 'utf8');
    const { outputText } = ts.transpileModule(source, { compilerOptions: COMPILER_OPTIONS, fileName: path });
    await writeFile(target.replace(/\.ts$/, '.js'), outputText);
  }
}
