import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** What the executable must have of a package on the disk, besides the code that is bundled. */
interface Rule {
  /** files and folders of the package; undefined: all that run-time code can need */
  files?: readonly string[];
  /** names of packages that it needs beside it; undefined: its dependencies */
  needs?: readonly string[];
}

/**
 * Packages that are not bundled: they load native code, or start threads that must share their modules with ours. A package
 * that is not listed and asks for its own place is not bundled either.
 */
export const UNBUNDLED: Readonly<Record<string, Rule>> = {
  piscina: { files: ['dist'], needs: [] },
  'better-sqlite3': { files: ['lib', 'build/Release/better_sqlite3.node'], needs: ['bindings'] },
  'better-sqlite3-13': { files: ['lib', ...prebuiltSqlite()], needs: [] },
  'node-rdkafka': {
    files: [
      'lib',
      'librdkafka.js',
      'build/Release/node-librdkafka.node',
      'build/deps/librdkafka.so.1',
      'build/deps/librdkafka++.so.1',
    ],
    needs: ['bindings'],
  },
};

/** Packages that no import names, and the folders that src/base/sqlite.ts loads them from. */
export function sqliteFor(node: number): { name: string; from: string } {
  return node >= 22
    ? { name: 'better-sqlite3-13', from: '.' }
    : { name: 'better-sqlite3', from: 'tools/install/node-20' };
}

/** Packages that are bundled and read these files of their own, or of which src serves files. */
export const READ_FILES: Readonly<Record<string, Rule>> = {
  '@fastify/swagger-ui': { files: ['static'] },
  '@grpc/reflection': { files: ['build/proto'] },
  'grpc-health-check': { files: ['proto'] },
  uplot: { files: ['dist'] },
};

/** Packages that ask for their own place only in features that the service does not use. */
export const BUNDLED_WITHOUT_FILES: ReadonlySet<string> = new Set([
  '@fastify/swagger',
  '@grpc/grpc-js',
  '@rushstack/node-core-library',
  'commander',
  'fdir',
  'ioredis',
  'pino',
  'pino-pretty',
  'thread-stream',
]);

const RUN_TIME_FILE = /\.([cm]?js|json|node|wasm|proto)$|\.so(\.\d+)*$/;
const NOT_RUN_TIME =
  /(^|\/)(test|tests|__tests__|bench|benchmark|benchmarks|example|examples|docs|\.github|node_modules)\//;

/** A package that is installed. */
export interface Package {
  name: string;
  folder: string;
}

/** The package with this file. @throws Error if the path is in none */
export function packageOf(path: string): Package {
  const parts = path.split(sep);
  const at = parts.lastIndexOf('node_modules') + 1;
  if (at === 0) throw new Error(`${path} is in no package.`);
  const end = at + (parts[at]?.startsWith('@') ? 2 : 1);
  return { name: parts.slice(at, end).join('/'), folder: parts.slice(0, end).join(sep) };
}

/** As Node resolves a package from a folder. @returns undefined if it is not installed */
export function findPackage(name: string, from: string): Package | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return { name, folder: found };
    if (folder === dirname(folder)) return undefined;
  }
}

/** The files of packages that must be on the disk, with what they need. */
export function filesOfPackages(unbundled: readonly Package[], bundled: readonly Package[]): string[] {
  const files = new Set<string>();
  const seen = new Set<string>();
  const add = (found: Package): void => {
    if (seen.has(found.folder)) return;
    seen.add(found.folder);
    const rule = UNBUNDLED[found.name] ?? {};
    for (const file of filesOf(found, rule)) files.add(file);
    for (const name of rule.needs ?? dependenciesOf(found)) {
      const needed = findPackage(name, found.folder);
      if (needed !== undefined) add(needed);
    }
  };
  unbundled.forEach(add);
  for (const found of bundled) {
    const rule = READ_FILES[found.name];
    if (rule !== undefined) filesOf(found, rule).forEach((file) => files.add(file));
  }
  return [...files];
}

function filesOf({ folder }: Package, { files }: Rule): string[] {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  return all.filter((path) => {
    const name = relative(folder, path);
    if (name === 'package.json') return true;
    if (files === undefined) return RUN_TIME_FILE.test(name) && !NOT_RUN_TIME.test(name);
    const isChosen = files.some((chosen) => name === chosen || name.startsWith(`${chosen}/`));
    return isChosen && !/\.(map|d\.[cm]?ts)$/.test(name) && !/(^|\/)node_modules\//.test(name);
  });
}

function dependenciesOf({ folder }: Package): string[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
    peerDependencies?: Record<string, string>;
  };
  return Object.keys({
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.peerDependencies,
  });
}

function prebuiltSqlite(): string[] {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const libc = header.glibcVersionRuntime === undefined ? 'musl' : '';
  return [`prebuilds/${process.platform}${libc}-${process.arch}.node`];
}
