import t from 'tap';
import {
  barChart,
  formatNumber,
  lineChart,
  type BarChart,
  type LineChart,
} from '../../bench/support/chart.ts';

const bars: BarChart = {
  title: 'CPU & time',
  description: 'Bars of <two> groups',
  unit: 'µs CPU an order',
  groups: ['64 connections', '256 connections'],
  series: [
    { name: 'order-system', values: [{ median: 158, min: 151, max: 183 }, { median: 1_540 }] },
    { name: 'a bare Fastify route', values: [{ median: 90.25 }, undefined] },
  ],
};

const lines: LineChart = {
  title: 'Growth',
  description: 'Two lines',
  x: { name: 'orders stored', logarithmic: true },
  y: { name: 'µs' },
  series: [
    {
      name: 'get',
      points: [
        [10_000, 17],
        [1_000_000, 23],
      ],
    },
    { name: 'list', points: [[10_000, 110]] },
  ],
};

const textsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text);

await t.test('a bar chart shows groups, series and medians', async (t) => {
  const texts = textsOf(barChart(bars));
  for (const text of [
    'CPU &amp; time',
    '64 connections',
    'order-system',
    'µs CPU an order',
    '158',
    '1,540',
    '90.3',
  ])
    t.ok(texts.includes(text), text);
});

await t.test('a bar chart draws the spread from the lowest to the highest sample', async (t) => {
  const { series, ...rest } = bars;
  const withoutSpread = series.map(({ name, values }) => ({
    name,
    values: values.map((value) => value && { median: value.median }),
  }));
  const spreads = (svg: string): number => svg.match(/stroke-width="1.5"/g)?.length ?? 0;
  t.equal(spreads(barChart(bars)), 1);
  t.equal(spreads(barChart({ ...rest, series: withoutSpread })), 0);
});

await t.test('a line chart can have a logarithmic axis', async (t) => {
  const texts = textsOf(lineChart(lines));
  for (const text of ['Growth', 'get', 'list', 'orders stored', '10,000', '100,000', '1,000,000'])
    t.ok(texts.includes(text), text);
});

await t.test('title and description are there for screen readers', async (t) => {
  const svg = barChart(bars);
  t.match(svg, '<svg role="img" aria-labelledby="title description" ');
  t.match(
    svg,
    '<title id="title">CPU &amp; time</title><desc id="description">Bars of &lt;two&gt; groups</desc>',
  );
});

await t.test('the same chart gives the same text, with a background of its own', async (t) => {
  for (const render of [() => barChart(bars), () => lineChart(lines)]) {
    const svg = render();
    t.equal(render(), svg);
    t.match(svg, /<rect [^>]*fill="#ffffff"/);
  }
});

await t.test('numbers keep three significant digits below 100', async (t) => {
  t.same([0.1234, 9.996, 54.321, 99.96, 1_483.4].map(formatNumber), ['0.123', '10', '54.3', '100', '1,483']);
});
