import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';
import { makeExecutable } from './executable.ts';
import { measureStarts } from './measure.ts';
import { stage } from './stage.ts';

/** `npm run build:binary`: makes dist/bin/order-system, one executable file with the service, Node and all packages. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const TARGET = join(ROOT, 'dist/bin/order-system');

if (process.platform !== 'linux') {
  console.error('The executable file can be made on Linux only, for now.');
  process.exitCode = 1;
} else await make();

async function make(): Promise<void> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'order-system-binary-'));
  try {
    progress('Bundling the service ...');
    const bundled = await bundle(ROOT);
    progress('Collecting packages, native modules and licences ...');
    const staged = await stage(bundled, ROOT, folder);
    progress(`Joining them with Node ${process.version} ...`);
    await makeExecutable(staged, TARGET);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  progress('Starting it twice ...');
  const { first, later } = await measureStarts(TARGET);
  const { size } = await stat(TARGET);
  console.log(
    `${relative(process.cwd(), TARGET)}: ${(size / 1e6).toFixed(1)} MB, made in ${seconds.toFixed(1)} s. ` +
      `First order accepted ${later.toFixed(0)} ms after the start, ${first.toFixed(0)} ms after the very first start, which unpacks.`,
  );
}

function progress(step: string): void {
  if (process.stderr.isTTY) console.error(step);
}
