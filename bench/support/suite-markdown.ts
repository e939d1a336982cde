import { machineLine, spreadText, type Measured, type Report } from './report.ts';
import type { SuiteResult } from './run-suite.ts';

/** The generated part of `docs/benchmarks.md`. @param charts links by the title of the report */
export function suiteMarkdown(result: SuiteResult, charts: ReadonlyMap<string, string>): string {
  const { machine, startedAt, seconds, parts } = result;
  const intro = `${machineLine(machine)}; ${startedAt.slice(0, 10)}, in ${Math.ceil(seconds / 60)} minutes. [Every sample](benchmarks/suite.json).`;
  const sections = parts.map(({ heading, text, command, reports, failure }) =>
    [
      `### ${heading}`,
      `${text} (\`${command}\`)`,
      ...(failure === undefined ? [] : [`Not measured: ${failure}`]),
      ...reports.flatMap((report) => [`${report.title}:`, ...chartOf(report, charts), tableOf(report.rows)]),
    ].join('\n\n'),
  );
  return [intro, ...sections].join('\n\n');
}

/** Figures of one name are a row, those of one unit a column. */
export function tableOf(rows: readonly Measured[]): string {
  const names = [...new Set(rows.map(({ name }) => name))];
  const units = [...new Set(rows.map(({ unit }) => unit))];
  const cellOf = (name: string, unit: string): string => {
    const found = rows.find((row) => row.name === name && row.unit === unit);
    if (found === undefined) return '';
    return spreadText(found) + (found.target === undefined ? '' : `, target ${found.target}`);
  };
  const lines = [
    ['', ...units],
    ['---', ...units.map(() => '---')],
    ...names.map((name) => [name, ...units.map((unit) => cellOf(name, unit))]),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function chartOf({ title, chart }: Report, charts: ReadonlyMap<string, string>): string[] {
  const link = charts.get(title);
  return chart === undefined || link === undefined ? [] : [`![${chart.description}](${link})`];
}
