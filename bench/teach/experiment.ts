/** `tiny` runs every step with the smallest loads: it shows that the experiment works, and its figures mean nothing. */
export type Size = 'full' | 'tiny';

/** A variant and what was measured of it, by the keys of the columns. */
export interface Row {
  variant: string;
  /** A figure that does not apply is missing. */
  figures: Readonly<Record<string, number>>;
}

export interface Column {
  key: string;
  title: string;
  /** after the decimal point */
  digits: number;
}

/** Compares a few ways to do one thing. Its name is that of its chart and of its block in docs/learn.md. */
export interface Experiment {
  name: string;
  /** heads the first column of the table */
  variants: string;
  columns: readonly Column[];
  chartTitle: string;
  /** how often `run` calls `onStep` */
  steps: (size: Size) => number;
  run: (size: Size, onStep: () => void) => Promise<Row[]>;
  /** @returns the text of an SVG file */
  chart: (rows: readonly Row[]) => string;
}
