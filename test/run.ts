import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import pMap from 'p-map';
import { Parser, type FinalResults } from 'tap-parser';
import { startKafka } from '../tools/kafka/broker-process.ts';
import { CHROMIUM_MISSING, chromiumPath } from '../tools/support/chromium.ts';

/**
 * Runs a suite of test files, each as a plain `node` process, and parses the TAP that it prints. tap's own runner adds module
 * hooks to every process and every worker thread, which doubles what a test of threads or of whole services costs.
 *
 *     node dist/test/run.js unit | kafka | gateway | upgrade | alerts | browser | helm | image | compose | binary [files]
 */
interface Suite {
  suffix: string;
  /** folder below test/; '' for all */
  folder: string;
  /** files at a time */
  jobs: number;
  /** seconds for one test within a file */
  timeout: number;
  needs?: 'kafka' | 'chromium';
  /** files of other suites that belong to this one as well */
  also?: readonly string[];
  /** variables for the files */
  environment?: Readonly<Record<string, string>>;
}

/** `npm run build:binary` makes it. Tests that start the service start this one then. */
const BINARY = join(import.meta.dirname, '../bin/order-system');

const SUITES: Record<string, Suite> = {
  unit: { suffix: '.test.js', folder: '', jobs: Math.min(4, availableParallelism()), timeout: 120 },
  kafka: { suffix: '.kafka.js', folder: '', jobs: 1, timeout: 120, needs: 'kafka' },
  gateway: { suffix: '.gateway.js', folder: 'gateway', jobs: 1, timeout: 120, needs: 'kafka' },
  upgrade: { suffix: '.upgrade.js', folder: 'upgrade', jobs: 1, timeout: 360, needs: 'kafka' },
  browser: { suffix: '.browser.js', folder: 'browser', jobs: 1, timeout: 120, needs: 'chromium' },
  helm: { suffix: '.helm.js', folder: 'helm', jobs: 1, timeout: 600 },
  alerts: { suffix: '.promtool.js', folder: 'alerts', jobs: 1, timeout: 120 },
  image: { suffix: '.docker.js', folder: 'image', jobs: 1, timeout: 1_800 },
  compose: { suffix: '.docker.js', folder: 'compose', jobs: 1, timeout: 1_800 },
  binary: {
    suffix: '.binary.js',
    folder: 'binary',
    jobs: 1,
    timeout: 120,
    needs: 'kafka',
    also: [
      'cli/command-line.test.js',
      'e2e/embedded.test.js',
      'e2e/processes.test.js',
      'e2e/roles-split.kafka.js',
    ],
    environment: { TEST_COMMAND: BINARY },
  },
};

/** These start services and take longest: run them first, so that no core waits for one at the end. */
const SLOW_FOLDERS = ['pipeline', 'e2e', 'attack', 'app', 'threads', 'drill', 'cli', 'simulate', 'docs'];

/** Line coverage of these folders is checked after the run (.c8rc.json); measuring it elsewhere would slow the tests down. */
const COVERED_FOLDERS = ['order', 'log'];
const COVERAGE_FOLDER = 'coverage/tmp';

interface FileResult {
  file: string;
  passed: number;
  failed: number;
  seconds: number;
}

const testFolder = import.meta.dirname;
const [name = 'unit', ...files] = process.argv.slice(2);
const suite = SUITES[name];
if (suite === undefined) {
  console.error(`There is no suite ${name}. Use one of: ${Object.keys(SUITES).join(', ')}.`);
  process.exitCode = 2;
} else {
  process.exitCode = (await runSuite(suite, files)) ? 0 : 1;
}

async function runSuite(suite: Suite, chosen: string[]): Promise<boolean> {
  const files = chosen.length > 0 ? chosen : filesOf(suite);
  await rm(COVERAGE_FOLDER, { recursive: true, force: true });
  const results = await withNeeds(suite, (environment) =>
    pMap(files, (file) => runFile(file, suite, environment), { concurrency: suite.jobs }),
  );
  const sum = (count: (result: FileResult) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  const passed = sum((result) => result.passed);
  const failed = sum((result) => result.failed);
  const slowest = [...results].sort((one, other) => other.seconds - one.seconds).slice(0, 5);
  console.log(
    `\nSlowest: ${slowest.map(({ file, seconds }) => `${file} ${seconds.toFixed(1)} s`).join(', ')}`,
  );
  console.log(`${results.length} files`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}

function filesOf({ suffix, folder, also = [] }: Suite): string[] {
  const rank = (file: string) => {
    const index = SLOW_FOLDERS.indexOf(file.split('/')[0] ?? '');
    return index === -1 ? SLOW_FOLDERS.length : index;
  };
  return readdirSync(testFolder, { recursive: true, encoding: 'utf8' })
    .filter((file) => also.includes(file) || (file.endsWith(suffix) && file.startsWith(folder)))
    .filter(hasSource)
    .sort((one, other) => rank(one) - rank(other) || one.localeCompare(other))
    .map((file) => join(testFolder, file));
}

/** False for the output of a test that was renamed or deleted: tsc leaves it behind. */
function hasSource(file: string): boolean {
  return existsSync(join(testFolder, '../../test', file.replace(/\.js$/, '.ts')));
}

/** Provides what the suite needs, as environment variables for its files. */
async function withNeeds<T>(
  { needs }: Suite,
  work: (environment: Record<string, string>) => Promise<T>,
): Promise<T> {
  if (needs === 'chromium') {
    const path = chromiumPath();
    if (path === undefined) throw new Error(CHROMIUM_MISSING);
    return work({ CHROMIUM_PATH: path });
  }
  if (needs !== 'kafka' || (process.env.KAFKA_BROKERS ?? '') !== '') return work({});
  const dataDirectory = await mkdtemp(join(tmpdir(), 'order-system-kafka-'));
  const kafka = await startKafka({ dataDirectory, onProgress: (words) => console.error(words) });
  try {
    return await work({ KAFKA_BROKERS: kafka.brokers });
  } finally {
    await kafka.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

/** Prints one line for a file that passes, and everything that it said for one that fails. */
async function runFile(path: string, suite: Suite, environment: Record<string, string>): Promise<FileResult> {
  const file = relative(testFolder, path);
  const startedAt = performance.now();
  const child = spawn(process.execPath, [path], {
    env: {
      ...process.env,
      ...suite.environment,
      ...environment,
      ...coverageOf(file),
      TAP_TIMEOUT: String(suite.timeout),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  const parser = new Parser();
  const parsed = new Promise<FinalResults>((resolve) => {
    parser.on('complete', resolve);
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.push(text);
    parser.write(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  parser.end();
  const { ok, plan } = await parsed;
  const seconds = (performance.now() - startedAt) / 1_000;
  const { passed, failed } = countAsserts(output.join(''));
  const isGood = ok && code === 0 && (plan.start !== null || plan.skipAll);
  if (!isGood) console.log(`${output.join('')}\nnot ok ${file} (exit code ${code ?? 'none'})`);
  else console.log(`ok ${file} (${passed}, ${seconds.toFixed(1)} s)`);
  return { file, passed, failed: isGood ? 0 : Math.max(1, failed), seconds };
}

/** A test that only groups others is not counted. */
function countAsserts(tap: string): { passed: number; failed: number } {
  const lines = tap.split('\n').filter((line) => /^ *(not )?ok \d+/.test(line) && !line.includes('# time='));
  const failed = lines.filter((line) => line.trimStart().startsWith('not')).length;
  return { passed: lines.length - failed, failed };
}

function coverageOf(file: string): Record<string, string> {
  const isCovered = COVERED_FOLDERS.some((folder) => file.startsWith(`${folder}/`));
  return isCovered && name === 'unit' ? { NODE_V8_COVERAGE: COVERAGE_FOLDER } : {};
}
