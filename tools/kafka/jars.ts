import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { hasErrno, LocalKafkaError } from './errors.ts';
import { run } from './programs.ts';

export interface FetchOptions {
  onProgress?: ((text: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'order-system');
}

export function kafkaVersion(): string {
  const version = /<kafka\.version>([^<]+)</.exec(readFileSync(pomFile(), 'utf8'))?.[1];
  if (version === undefined) throw new LocalKafkaError(`${pomFile()} has no kafka.version`);
  return version;
}

export function jarsCached(): boolean {
  return existsSync(jarsFolder());
}

/** The folder with the jars of pom.xml. Maven downloads them the first time. */
export async function serverJars({ onProgress, signal }: FetchOptions = {}): Promise<string> {
  const folder = jarsFolder();
  if (jarsCached()) return folder;
  await mkdir(dirname(folder), { recursive: true });
  // Renamed when it is complete, so that an interrupted download leaves no partial cache.
  const partial = await mkdtemp(join(dirname(folder), 'partial-'));
  try {
    onProgress?.(`Downloading Kafka ${kafkaVersion()} from Maven Central (only the first time) ...`);
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`];
    const { ok, output } = await run('mvn', ['-B', '-q', '-f', pomFile(), ...goal], signal);
    if (!ok) throw new LocalKafkaError(`Maven could not download Kafka:\n${output.trim()}`);
    await rename(partial, folder).catch((error: unknown) => {
      const isCachedByAnother = hasErrno(error, 'ENOTEMPTY') || hasErrno(error, 'EEXIST');
      if (!isCachedByAnother) throw error;
    });
    return folder;
  } finally {
    // An interrupted Maven may still be writing for a moment.
    await rm(partial, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Another name when pom.xml lists other jars of the same version: earlier caches lack them. */
function jarsFolder(): string {
  return join(cacheFolder(), `kafka-${kafkaVersion()}`, 'jars');
}

/** The compiled script is below dist/, where there is no pom. */
function pomFile(): string {
  const pom = join('tools', 'kafka', 'pom.xml');
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, pom))) return join(folder, pom);
  }
  throw new LocalKafkaError(`No folder above ${import.meta.dirname} has a ${pom}`);
}
