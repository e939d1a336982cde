import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { hasErrno, LocalKafkaError } from './errors.ts';
import { run } from './tools.ts';

export interface FetchOptions {
  onProgress?: ((words: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'order-system');
}

export function kafkaVersion(): string {
  const version = /<kafka\.version>([^<]+)</.exec(readFileSync(pomFile(), 'utf8'))?.[1];
  if (version === undefined)
    throw new LocalKafkaError('jars-unavailable', `${pomFile()} names no kafka.version`);
  return version;
}

export function jarsCached(): boolean {
  return existsSync(jarsFolder());
}

/** The folder with the jars of the server, fetched by Maven when it is not there yet. */
export async function serverJars({ onProgress, signal }: FetchOptions = {}): Promise<string> {
  const folder = jarsFolder();
  if (jarsCached()) return folder;
  await mkdir(dirname(folder), { recursive: true });
  // The folder gets its name only when it is whole, so that whatever interrupts Maven leaves no half cache.
  const partial = await mkdtemp(join(dirname(folder), 'partial-'));
  try {
    onProgress?.(`fetching Kafka ${kafkaVersion()} jars from Maven Central, once ...`);
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`];
    const { ok, output } = await run('mvn', ['-B', '-q', '-f', pomFile(), ...goal], signal);
    if (!ok)
      throw new LocalKafkaError(
        'jars-unavailable',
        `Maven could not fetch the Kafka jars:\n${output.trim()}`,
      );
    await rename(partial, folder).catch((error: unknown) => {
      const otherStartWasFirst = hasErrno(error, 'ENOTEMPTY') || hasErrno(error, 'EEXIST');
      if (!otherStartWasFirst) throw error;
    });
    return folder;
  } finally {
    // An interrupted Maven may still be writing for a moment.
    await rm(partial, { recursive: true, force: true, maxRetries: 10 });
  }
}

function jarsFolder(): string {
  return join(cacheFolder(), `kafka-${kafkaVersion()}`, 'libs');
}

/** The compiled script lies below dist/, the pom only in the repository itself. */
function pomFile(): string {
  const pom = join('tools', 'kafka', 'pom.xml');
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, pom))) return join(folder, pom);
  }
  throw new LocalKafkaError('jars-unavailable', `There is no ${pom} in any folder above this script`);
}
