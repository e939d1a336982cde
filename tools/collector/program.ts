import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../kafka/jars.ts';
import { run } from '../kafka/programs.ts';

/** What the program is built from. */
const SOURCES = ['main.go', 'go.mod', 'go.sum'];

/**
 * The OpenTelemetry Collector of main.go. Go downloads and builds it the first time, which takes about two minutes on two cores.
 * @returns its path @throws Error without Go, or if it cannot be built
 */
export async function collectorProgram(
  onProgress: (text: string) => void = () => undefined,
): Promise<string> {
  const source = sourceFolder();
  const hash = createHash('sha256');
  for (const file of SOURCES) hash.update(readFileSync(join(source, file)));
  const folder = join(cacheFolder(), `collector-${hash.digest('hex').slice(0, 12)}`);
  const program = join(folder, 'collector');
  if (existsSync(program)) return program;
  if (!(await run('go', ['version'])).ok) {
    throw new Error(
      'The OpenTelemetry Collector for tests is built with Go: install Go (https://go.dev/dl).',
    );
  }
  await mkdir(folder, { recursive: true });
  onProgress('Building the OpenTelemetry Collector with Go (only the first time) ...');
  // Renamed when it is complete, so that an interrupted build leaves no broken program.
  const partial = `${program}-${process.pid}`;
  const { ok, output } = await run('go', [
    'build',
    '-C',
    source,
    '-trimpath',
    '-ldflags=-s -w',
    '-o',
    partial,
    '.',
  ]);
  if (!ok) throw new Error(`Go could not build the OpenTelemetry Collector:\n${output.trim()}`);
  await rename(partial, program);
  return program;
}

/** The compiled script is below dist/, where there is no Go code. */
function sourceFolder(): string {
  const source = join('tools', 'collector');
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, source, 'go.mod'))) return join(folder, source);
  }
  throw new Error(`No folder above ${import.meta.dirname} has ${source}/go.mod.`);
}
