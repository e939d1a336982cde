import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { format } from 'prettier';
import { ServiceProcess } from '../support/service-process.ts';
import { buildRelease } from './build-release.ts';
import { fillService } from './fill-service.ts';
import { PREVIOUS_RELEASE } from './releases.ts';

/**
 * Runs the release before this one, places orders in every state, kills it, and keeps its data folder for the test of the
 * upgrade: test/upgrade/fixtures/data-VERSION.tar.gz, and a JSON file that says what it contains.
 */
const { version } = PREVIOUS_RELEASE;
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PROCESSOR = join(ROOT, 'tools', 'release', 'fixture-processor.mjs');
const target = join(ROOT, 'test', 'upgrade', 'fixtures', `data-${version}`);

const folder = await mkdtemp(join(tmpdir(), 'order-system-release-'));
try {
  const environment = { DATA_DIR: folder, PROCESSOR, WORKER_THREADS: '1', DEAD_LETTER_FLOOD_PERCENT: '100' };
  const service = await ServiceProcess.start('all', environment, await buildRelease(PREVIOUS_RELEASE));
  try {
    const data = await fillService(service.url);
    const text = JSON.stringify({ version, ...data });
    await writeFile(`${target}.json`, await format(text, { parser: 'json', printWidth: 120 }));
  } finally {
    // As after a crash: the order that hangs must stay unprocessed.
    await service.kill();
  }
  const files = ['--exclude=*.sock', '--exclude=*-shm', '.'];
  await promisify(execFile)('tar', ['-czf', `${target}.tar.gz`, '-C', folder, ...files]);
  console.log(`Wrote ${target}.tar.gz`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
