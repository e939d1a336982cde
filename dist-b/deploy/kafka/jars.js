import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { hasErrno, LocalKafkaError } from "./errors.js";
import { run } from "./tools.js";
export function cacheFolder() {
    return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'order-system');
}
export function kafkaVersion() {
    const version = /<kafka\.version>([^<]+)</.exec(readFileSync(pomFile(), 'utf8'))?.[1];
    if (version === undefined)
        throw new LocalKafkaError('jars-unavailable', `${pomFile()} names no kafka.version`);
    return version;
}
export function jarsCached() {
    return existsSync(jarsFolder());
}
/** The folder with the jars of the server, fetched by Maven when it is not there yet. */
export async function serverJars({ onProgress, signal } = {}) {
    const folder = jarsFolder();
    if (jarsCached())
        return folder;
    await mkdir(dirname(folder), { recursive: true });
    // The folder gets its name only when it is whole, so that whatever interrupts Maven leaves no half cache.
    const partial = await mkdtemp(join(dirname(folder), 'partial-'));
    try {
        onProgress?.(`fetching Kafka ${kafkaVersion()} jars from Maven Central, once ...`);
        const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`];
        const { ok, output } = await run('mvn', ['-B', '-q', '-f', pomFile(), ...goal], signal);
        if (!ok)
            throw new LocalKafkaError('jars-unavailable', `Maven could not fetch the Kafka jars:\n${output.trim()}`);
        await rename(partial, folder).catch((error) => {
            const otherStartWasFirst = hasErrno(error, 'ENOTEMPTY') || hasErrno(error, 'EEXIST');
            if (!otherStartWasFirst)
                throw error;
        });
        return folder;
    }
    finally {
        // An interrupted Maven may still be writing for a moment.
        await rm(partial, { recursive: true, force: true, maxRetries: 10 });
    }
}
function jarsFolder() {
    return join(cacheFolder(), `kafka-${kafkaVersion()}`, 'libs');
}
/** The compiled script lies below dist/, the pom only in the repository itself. */
function pomFile() {
    const pom = join('deploy', 'kafka', 'pom.xml');
    for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
        if (existsSync(join(folder, pom)))
            return join(folder, pom);
    }
    throw new LocalKafkaError('jars-unavailable', `There is no ${pom} in any folder above this script`);
}
//# sourceMappingURL=jars.js.map