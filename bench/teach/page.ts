import type { Experiment, Row } from './experiment.ts';

/** Everything that one run measured. */
export interface Results {
  /** machine, versions and commit */
  machine: string;
  /** by the name of the experiment */
  experiments: Record<string, Row[]>;
}

/**
 * The page with the figures of these results between its markers. What is outside them is written by hand.
 * @throws Error when a marker is missing
 */
export function withResults(page: string, experiments: readonly Experiment[], results: Results): string {
  const text = replaced(page, 'machine', results.machine);
  return experiments.reduce(
    (changed, experiment) =>
      replaced(changed, experiment.name, figuresOf(experiment, results.experiments[experiment.name] ?? [])),
    text,
  );
}

/** The chart and the table of an experiment, as Markdown. */
export function figuresOf({ name, variants, columns, chartTitle }: Experiment, rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `![${chartTitle}](learn/${name}.svg)`,
    '',
    line([variants, ...columns.map(({ title }) => title)]),
    line(['---', ...columns.map(() => '--:')]),
    ...rows.map(({ variant, figures }) =>
      line([variant, ...columns.map(({ key, digits }) => cell(figures[key], digits))]),
    ),
  ].join('\n');
}

/** The rows with figures as precise as the table shows them. */
export function rounded({ columns }: Experiment, rows: readonly Row[]): Row[] {
  const digits = new Map(columns.map(({ key, digits }) => [key, digits]));
  return rows.map(({ variant, figures }) => ({
    variant,
    figures: Object.fromEntries(
      Object.entries(figures).map(([key, figure]) => [key, Number(figure.toFixed(digits.get(key) ?? 0))]),
    ),
  }));
}

function cell(figure: number | undefined, digits: number): string {
  if (figure === undefined) return '–';
  const text = figure.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return text.replaceAll(',', ' ');
}

function replaced(page: string, name: string, content: string): string {
  const [start, end] = [`<!-- measured: ${name} -->`, '<!-- end -->'];
  const from = page.indexOf(start);
  const to = page.indexOf(end, from);
  if (from === -1 || to === -1) throw new Error(`The page has no "${start}" with an "${end}" behind it.`);
  return `${page.slice(0, from)}${start}\n\n${content}\n\n${page.slice(to)}`;
}
