import t from 'tap';
import { Exemplars } from '../../src/base/exemplars.ts';
import { prefersOpenMetrics, toOpenMetrics } from '../../src/base/open-metrics.ts';

const TEXT = `# HELP seconds Durations.
# TYPE seconds histogram
seconds_bucket{le="0.1",route="/a"} 1
seconds_bucket{le="1",route="/a"} 3
seconds_bucket{le="+Inf",route="/a"} 4
seconds_sum{route="/a"} 7
seconds_count{route="/a"} 4
seconds_bucket{le="0.1",route="/b"} 0
seconds_bucket{le="1",route="/b"} 0
seconds_bucket{le="+Inf",route="/b"} 0

# HELP orders_total Orders.
# TYPE orders_total counter
orders_total 5

# HELP handles_total Handles.
# TYPE handles_total gauge
handles_total 2
`;

const context = (digit: string) => ({ traceId: digit.repeat(32), spanId: digit.repeat(16) });

await t.test('each bucket gets the latest exemplar that fell into it', (t) => {
  let now = 1_000;
  const exemplars = new Exemplars(() => (now += 1_000));
  const series = exemplars.series('seconds', { route: '/a' });
  series.add(0.5, context('a'));
  series.add(0.9, context('b'));
  series.add(2, context('c'));
  series.add(0, context('d'));
  exemplars.series('other').add(0.5, context('e'));
  const lines = toOpenMetrics(TEXT, exemplars).split('\n');
  const exemplar = (digit: string, value: string) =>
    ` # {trace_id="${digit.repeat(32)}",span_id="${digit.repeat(16)}"} ${value}`;
  t.same(
    lines.filter((line) => line.includes('trace_id')),
    [
      `seconds_bucket{le="0.1",route="/a"} 1${exemplar('d', '0 5')}`,
      `seconds_bucket{le="1",route="/a"} 3${exemplar('b', '0.9 3')}`,
      `seconds_bucket{le="+Inf",route="/a"} 4${exemplar('c', '2 4')}`,
    ],
  );
  t.end();
});

await t.test('counters lose _total in their metadata only, gauges keep it, and the end is marked', (t) => {
  const text = toOpenMetrics(TEXT, new Exemplars());
  t.match(
    text,
    '# HELP orders Orders.\n# TYPE orders counter\norders_total 5\n# HELP handles_total Handles.\n',
  );
  t.match(text, '# TYPE handles_total gauge\nhandles_total 2\n# EOF\n');
  t.notMatch(text, '\n\n');
  t.end();
});

await t.test('of several processes only the metrics of this one get its exemplars', (t) => {
  const text = [1, 2]
    .map((number) => `seconds_bucket{le="+Inf",process="${number}",route="/a"} 4`)
    .join('\n');
  const exemplars = new Exemplars();
  exemplars.series('seconds', { route: '/a' }).add(1, context('a'));
  const lines = toOpenMetrics(text, exemplars, { process: '2' }).split('\n');
  t.notMatch(lines[0], 'trace_id');
  t.match(lines[1], 'trace_id');
  t.end();
});

await t.test('only a scraper that accepts OpenMetrics gets it', (t) => {
  t.ok(prefersOpenMetrics('application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2'));
  for (const accept of [undefined, '*/*', 'text/plain;version=0.0.4']) t.notOk(prefersOpenMetrics(accept));
  t.end();
});
