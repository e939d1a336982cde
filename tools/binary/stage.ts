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
export async function stage(
  { files: bundled, ...packages }: Bundle,
  root: string,
  folder: string,
): Promise<Staged> {
  const files = new Map<string, Uint8Array>(bundled);
  const add = async (path: string) => files.set(relative(root, path), await readFile(path));
  await add(join(root, 'package.json'));
  for (const name of FOLDERS) for (const path of filesBelow(join(root, name))) await add(path);
  for (const path of filesOfPackages(packages.unbundled, packages.bundled)) await add(path);
  files.set(START, Buffer.from(`import('./${CODE_FOLDER}/main.js');\n`));

  const assets: Record<string, string> = {};
  const write = async (name: string, content: Uint8Array | string) => {
    assets[name] = join(folder, 'files', name);
    await mkdir(dirname(assets[name]), { recursive: true });
    await writeFile(assets[name], content);
    return assets[name];
  };
  const hash = createHash('sha256');
  const paths = [...files.keys()].sort();
  for (const path of paths) {
    const written = await write(path, files.get(path) ?? '');
    if (/\.(node|so(\.\d+)*)$/.test(path)) await strip(written);
    const digest = createHash('sha256')
      .update(await readFile(written))
      .digest('hex');
    hash.update(`${path}\n${digest}\n`);
  }
  await write(INDEX, JSON.stringify({ id: hash.digest('hex').slice(0, 32), paths }));
  await write(LICENSES, await licenseTexts([...packages.unbundled, ...packages.bundled]));

  const main = join(folder, 'bootstrap.cjs');
  const configuration = join(folder, 'sea-config.json');
  const blob = join(folder, 'order-system.blob');
  await build({
    entryPoints: [join(root, 'dist/tools/binary/bootstrap/main.js')],
    outfile: main,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: `node${process.versions.node}`,
    logLevel: 'silent',
  });
  const settings = { main, output: blob, disableExperimentalSEAWarning: true, useCodeCache: false, assets };
  await writeFile(configuration, JSON.stringify(settings));
  return { configuration, blob };
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) throw new Error(`${folder} is missing: run \`npm run build\` first.`);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => join(entry.parentPath, entry.name));
}
