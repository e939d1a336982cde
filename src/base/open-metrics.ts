import type { Exemplars } from './exemplars.ts';

export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Whether a scraper asks for OpenMetrics. Prometheus does with exemplars and by default; others get the text format. */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  return accept?.includes('application/openmetrics-text') === true;
}

const BUCKET = /^(\w+)_bucket\{(.*)\} /;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/**
 * Turns Prometheus' text format into OpenMetrics, https://prometheus.io/docs/specs/om/open_metrics_spec/, and adds exemplars.
 * @param ownLabels labels that the metrics of this process have in addition, which tell it from its siblings
 */
export function toOpenMetrics(
  text: string,
  exemplars: Exemplars,
  ownLabels: Readonly<Record<string, string>> = {},
): string {
  const lines: string[] = [];
  const counters = new Set([...text.matchAll(COUNTER)].map(([, name = '']) => name));
  let before = { series: '', le: -Infinity };
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if (line.startsWith('#')) {
      lines.push(withoutTotal(line, counters));
      continue;
    }
    const [, metric, labelsText] = BUCKET.exec(line) ?? [];
    if (metric === undefined || labelsText === undefined) {
      lines.push(line);
      continue;
    }
    const labels = [...labelsText.matchAll(LABEL)].map(([, name = '', value = '']): [string, string] => [
      name,
      value,
    ]);
    const le = boundOf(labels.find(([name]) => name === 'le')?.[1]);
    const isOwn = Object.entries(ownLabels).every(([own, value]) =>
      labels.some(([name, given]) => name === own && given === value),
    );
    const rest = labels.filter(([name]) => name !== 'le' && ownLabels[name] === undefined);
    const series = `${metric}{${rest.join(',')}}`;
    const from = before.series === series && before.le < le ? before.le : -Infinity;
    before = { series, le };
    lines.push(line + (isOwn ? exemplars.textFor(metric, rest, from, le) : ''));
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

function boundOf(le: string | undefined): number {
  return le === undefined || le === '+Inf' ? Infinity : Number(le);
}

const COUNTER = /^# TYPE (\w+)_total counter$/gm;

/** In OpenMetrics the name of a counter is the one of its samples without `_total`. */
function withoutTotal(line: string, counters: ReadonlySet<string>): string {
  const [hash = '', keyword = '', name = '', ...rest] = line.split(' ');
  const base = name.replace(/_total$/, '');
  return [hash, keyword, counters.has(base) ? base : name, ...rest].join(' ');
}
