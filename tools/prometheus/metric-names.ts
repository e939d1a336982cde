import { createMetrics } from '../../src/base/metrics.ts';

const WORDS = new Set([
  'and',
  'or',
  'unless',
  'bool',
  'offset',
  'by',
  'without',
  'on',
  'ignoring',
  'inf',
  'nan',
]);

/** Lists of labels: `by (…)`, `on (…)`, `label_values(metric, label)` keeps its metric. */
const LABEL_LISTS = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g;

/** The names of the series that a PromQL expression reads. */
export function seriesIn(expression: string): string[] {
  const bare = expression
    .replace(/"[^"]*"|'[^']*'/g, '')
    .replace(/\{[^}]*\}/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(LABEL_LISTS, ' ');
  const names = [...bare.matchAll(/[a-zA-Z_:][a-zA-Z0-9_:]*(?!\s*\()\b/g)].map(([name]) => name);
  const functions = new Set([...bare.matchAll(/([a-zA-Z_]+)\s*\(/g)].map(([, name]) => name));
  return [...new Set(names)].filter((name) => !WORDS.has(name.toLowerCase()) && !functions.has(name));
}

/** The names of the series that a process exports. */
export function exportedSeries(): Set<string> {
  const metrics = createMetrics().registry.getMetricsAsArray();
  const names = metrics.flatMap((metric) => {
    const isHistogram = 'buckets' in metric || metric.constructor.name === 'Histogram';
    return isHistogram ? ['_bucket', '_sum', '_count'].map((suffix) => metric.name + suffix) : [metric.name];
  });
  return new Set(names);
}
