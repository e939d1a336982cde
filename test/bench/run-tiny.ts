import type { Test } from 'tap';
import type { Experiment, Row } from '../../bench/teach/experiment.ts';

/** Runs an experiment with the smallest loads, and checks all that does not depend on the machine. */
export async function runTiny(t: Test, experiment: Experiment): Promise<Row[]> {
  let steps = 0;
  const rows = await experiment.run('tiny', () => (steps += 1));
  t.equal(steps, experiment.steps('tiny'), 'as many steps as the progress bar expects');
  t.ok(rows.length > 1, 'rows to compare');
  for (const { key } of experiment.columns) {
    const figures = rows.flatMap(({ figures }) => figures[key] ?? []);
    t.ok(figures.length > 0 && figures.every(Number.isFinite), `${key}: ${figures.join(', ')}`);
  }
  t.match(experiment.chart(rows), /^<svg [^]*<\/svg>\n$/);
  return rows;
}
