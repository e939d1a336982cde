import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { betweenMarkers, writeFormatted } from '../support/generated.ts';
import { cpuChart, latencyChart } from './charts.ts';
import type { Results } from './results.ts';
import { fullReport, shortTable } from './tables.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDER = 'docs/benchmarks';
export const RESULTS_FILE = `${FOLDER}/rivals.json`;
const CPU_CHART = 'rivals-cpu.svg';
const LATENCY_CHART = 'rivals-latency.svg';

/** Writes the results, the charts, and the tables between the markers of both documents. */
export async function writeDocuments(results: Results): Promise<void> {
  await mkdir(join(ROOT, FOLDER), { recursive: true });
  await writeFormatted(join(ROOT, RESULTS_FILE), JSON.stringify(results));
  await writeFile(join(ROOT, FOLDER, CPU_CHART), cpuChart(results));
  await writeFile(join(ROOT, FOLDER, LATENCY_CHART), latencyChart(results));
  const picture = (file: string, alt: string, folder: string) => `![${alt}](${folder}/${file})`;
  await replace('docs/benchmarks.md', [
    picture(CPU_CHART, 'CPU time of an order', 'benchmarks'),
    picture(LATENCY_CHART, 'Latency at a steady rate', 'benchmarks'),
    fullReport(results),
  ]);
  await replace('README.md', [
    picture(CPU_CHART, 'CPU time of an order', FOLDER),
    shortTable(results),
    `${results.machine}. CPU time is for one order; p99 is at ${results.conditions.rate} orders/s.`,
  ]);
}

/** @throws Error when there is no results file */
export async function readResults(): Promise<Results> {
  return JSON.parse(await readFile(join(ROOT, RESULTS_FILE), 'utf8')) as Results;
}

async function replace(file: string, parts: string[]): Promise<void> {
  const path = join(ROOT, file);
  await writeFormatted(path, betweenMarkers(await readFile(path, 'utf8'), 'rivals', parts.join('\n\n')));
}
