import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { barChart, lineChart } from './chart.ts';
import { betweenMarkers, writeFormatted } from './generated.ts';
import type { Chart } from './report.ts';
import type { SuiteResult } from './run-suite.ts';
import { suiteMarkdown } from './suite-markdown.ts';

const CHARTS = 'benchmarks';

/**
 * Writes `benchmarks/suite.json` and a chart for each report, and the tables into `benchmarks.md`.
 * @param folder of the documents; has a `benchmarks.md` with the suite's markers
 */
export async function writeResults(folder: string, result: SuiteResult): Promise<void> {
  const path = join(folder, 'benchmarks.md');
  const document = await readFile(path, 'utf8');
  await mkdir(join(folder, CHARTS), { recursive: true });
  const charts = new Map<string, string>();
  for (const { name, reports } of result.parts) {
    for (const { title, chart } of reports) {
      if (chart === undefined) continue;
      const file = `${CHARTS}/${name}.svg`;
      await writeFile(join(folder, file), svgOf(chart));
      charts.set(title, file);
    }
  }
  await writeFormatted(join(folder, CHARTS, 'suite.json'), JSON.stringify(withoutCharts(result)));
  await writeFormatted(path, betweenMarkers(document, 'suite', suiteMarkdown(result, charts)));
}

function svgOf(chart: Chart): string {
  return chart.kind === 'bars' ? barChart(chart) : lineChart(chart);
}

/** The charts repeat the figures. */
function withoutCharts(result: SuiteResult): SuiteResult {
  const parts = result.parts.map((part) => ({
    ...part,
    reports: part.reports.map(({ title, rows }) => ({ title, rows })),
  }));
  return { ...result, parts };
}
