import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build, transform, type BuildOptions, type Plugin } from 'esbuild';
import {
  BUNDLED_WITHOUT_FILES,
  findPackage,
  packageOf,
  READ_FILES,
  sqliteFor,
  UNBUNDLED,
  type Package,
} from './packages.ts';
import {
  asksForItsPlace,
  BANNER,
  CODE_FOLDER,
  placeModule,
  placePackageFile,
  threadEntries,
} from './places.ts';

export interface Bundle {
  /** by path below the root of the executable's files */
  files: Map<string, Uint8Array>;
  /** packages that the bundled files import at run time */
  unbundled: Package[];
  /** packages whose code was bundled */
  bundled: Package[];
}

/**
 * Bundles the compiled service: its main module, the entries of its threads, and what these share. Modules that are imported
 * when they are needed stay files of their own.
 * @param root folder of the repository @throws the error of esbuild
 */
export async function bundle(root: string): Promise<Bundle> {
  const entryPoints = ['main.js', ...entriesOfThreads(root)].map((name) => join(root, CODE_FOLDER, name));
  const placed = await packagesThatAskForTheirPlace(root, entryPoints);
  const isUnbundled = (name: string) => name in UNBUNDLED || placed.has(name);
  const unbundled = new Map<string, Package>();
  const { outputFiles, metafile } = await build({
    ...optionsOf(root, entryPoints),
    plugins: [
      keepUnbundled(root, isUnbundled, (found) => unbundled.set(found.folder, found)),
      placeFiles(root, () => undefined),
    ],
  });
  const bundled = new Map<string, Package>();
  for (const input of Object.keys(metafile.inputs)) {
    if (!input.includes('node_modules/')) continue;
    const found = packageOf(join(root, input));
    bundled.set(found.folder, found);
  }
  const sqlite = sqliteFor(Number(process.versions.node.split('.')[0]));
  const driver = findPackage(sqlite.name, join(root, sqlite.from));
  if (driver === undefined) throw new Error(`${sqlite.name} is not installed: run \`npm ci\`.`);
  unbundled.set(driver.folder, driver);
  for (const name of Object.keys(READ_FILES)) {
    const found = findPackage(name, root);
    if (found !== undefined) bundled.set(found.folder, found);
  }
  return {
    files: new Map(outputFiles.map(({ path, contents }) => [relative(root, path), contents])),
    unbundled: [...unbundled.values()],
    bundled: [...bundled.values()],
  };
}

function optionsOf(root: string, entryPoints: string[]) {
  return {
    absWorkingDir: root,
    entryPoints,
    outdir: join(root, CODE_FOLDER),
    outbase: join(root, CODE_FOLDER),
    bundle: true,
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: `node${process.versions.node}`,
    // Logs and dead letters name classes and functions.
    keepNames: true,
    banner: { js: BANNER },
    legalComments: 'none',
    logLevel: 'silent',
    metafile: true,
    write: false,
  } as const satisfies BuildOptions;
}

/** Bundles once, only to see which packages are part of it. */
async function packagesThatAskForTheirPlace(root: string, entryPoints: string[]): Promise<Set<string>> {
  const names = new Set<string>();
  const note = async ({ name }: Package, text: string) => {
    if (names.has(name) || name in READ_FILES || BUNDLED_WITHOUT_FILES.has(name)) return;
    if (!asksForItsPlace(text)) return;
    const { code } = await transform(text, { minifyWhitespace: true, legalComments: 'none' });
    if (asksForItsPlace(code)) names.add(name);
  };
  const plugins = [
    keepUnbundled(
      root,
      (name) => name in UNBUNDLED,
      () => undefined,
    ),
    placeFiles(root, note),
  ];
  await build({ ...optionsOf(root, entryPoints), plugins });
  return names;
}

/** The threads' entries, below the folder of the code. */
function entriesOfThreads(root: string): string[] {
  const folder = join(root, CODE_FOLDER);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js') && !name.startsWith('dashboard/'))
    .flatMap((name) =>
      threadEntries(readFileSync(join(folder, name), 'utf8')).map((entry) => join(dirname(name), entry)),
    );
}

function keepUnbundled(
  root: string,
  isUnbundled: (name: string) => boolean,
  onFound: (found: Package) => void,
): Plugin {
  return {
    name: 'keep packages that are not bundled',
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, ({ path, importer, resolveDir }) => {
        if (importer === '' || path.startsWith('node:')) return undefined;
        const name = path
          .split('/')
          .slice(0, path.startsWith('@') ? 2 : 1)
          .join('/');
        const found = findPackage(name, resolveDir);
        // Bundled files are all in one place, so they see only the packages at the top.
        const isAtTop = found?.folder === join(root, 'node_modules', name);
        if (found === undefined || !isAtTop || !isUnbundled(name)) return undefined;
        onFound(found);
        return { path, external: true };
      });
    },
  };
}

function placeFiles(
  root: string,
  onPackageFile: (found: Package, text: string) => Promise<void> | undefined,
): Plugin {
  return {
    name: 'tell modules the places that they had',
    setup(build) {
      build.onLoad({ filter: /\.[cm]?js$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const place = relative(root, path);
        if (!place.includes('node_modules/')) return { contents: placeModule(text, place) };
        await onPackageFile(packageOf(path), text);
        return { contents: placePackageFile(text, place) };
      });
    },
  };
}
