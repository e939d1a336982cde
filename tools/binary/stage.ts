import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';
import type { Bundle } from './bundle.ts';
import { CODE_FOLDER } from './places.ts';
import { filesOfPackages } from './packages.ts';
import { INDEX, LICENSES, START } from './bootstrap/names.ts';
import { licenseTexts } from './licenses.ts';
import { strip } from './strip.ts';

/** The folders of this repository that the service reads at run time. */
const FOLDERS = ['proto', `${CODE_FOLDER}/dashboard`];

const NATIVE_CODE = /\.(node|so(\.\d+)*)$/;

export interface Staged {
  /** path of the configuration for `node --experimental-sea-config` */
  configuration: string;
  /** path of the file that Node makes of it */
  blob: string;
}

/**
 * Writes everything that the executable carries below a folder: its files, their index, the licences and its first code.
 * @param folder empty @param root of the repository
 */
export async function stage(bundled: Bundle, root: string, folder: string): Promise<Staged> {
  const assets = await writeFiles(await collectFiles(bundled, root), join(folder, 'files'));
  assets[LICENSES] = join(folder, LICENSES);
  await writeFile(assets[LICENSES], await licenseTexts([...bundled.unbundled, ...bundled.bundled]));
  const main = join(folder, 'bootstrap.cjs');
  await bundleBootstrap(root, main);
  const configuration = join(folder, 'sea-config.json');
  const blob = join(folder, 'order-system.blob');
  // With useCodeCache, import() fails.
  const settings = { main, output: blob, disableExperimentalSEAWarning: true, useCodeCache: false, assets };
  await writeFile(configuration, JSON.stringify(settings));
  return { configuration, blob };
}

/** By their paths below the root of the unpacked files. */
async function collectFiles(
  { files: bundled, ...packages }: Bundle,
  root: string,
): Promise<Map<string, Uint8Array>> {
  const files = new Map(bundled);
  const paths = [
    join(root, 'package.json'),
    ...FOLDERS.flatMap((name) => filesBelow(join(root, name))),
    ...filesOfPackages(packages.unbundled, packages.bundled),
  ];
  for (const path of paths) files.set(relative(root, path), await readFile(path));
  files.set(START, Buffer.from(`import('./${CODE_FOLDER}/main.js');\n`));
  return files;
}

/** Writes the files and their index. @returns the assets by their names */
async function writeFiles(files: Map<string, Uint8Array>, folder: string): Promise<Record<string, string>> {
  const assets: Record<string, string> = {};
  const hash = createHash('sha256');
  const paths = [...files.keys()].sort();
  for (const path of paths) {
    const written = join(folder, path);
    await mkdir(dirname(written), { recursive: true });
    await writeFile(written, files.get(path) ?? '');
    if (NATIVE_CODE.test(path)) await strip(written);
    hash.update(`${path}\0${await digestOf(written)}\n`);
    assets[path] = written;
  }
  assets[INDEX] = join(folder, INDEX);
  await writeFile(assets[INDEX], JSON.stringify({ id: hash.digest('hex').slice(0, 32), paths }));
  return assets;
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** The first code must be one CommonJS file. */
async function bundleBootstrap(root: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [join(root, 'dist/tools/binary/bootstrap/main.js')],
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: `node${process.versions.node}`,
    logLevel: 'silent',
  });
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) throw new Error(`${folder} is missing: run \`npm run build\` first.`);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => join(entry.parentPath, entry.name));
}
