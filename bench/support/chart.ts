import {
  init,
  type CustomSeriesOption,
  type CustomSeriesRenderItemAPI,
  type CustomSeriesRenderItemReturn,
  type EChartsOption,
} from 'echarts';

export interface ChartText {
  title: string;
  /** what the chart shows, for readers who cannot see it */
  description: string;
}

/** A median with the lowest and highest sample; a single measurement has only the median. */
export interface Spread {
  median: number;
  min?: number;
  max?: number;
}

/** Horizontal bars in groups. */
export interface BarChart extends ChartText {
  /** of the values, as the name of their axis */
  unit: string;
  groups: readonly string[];
  series: readonly {
    name: string;
    /** one for each group, in their order; undefined leaves a gap */
    values: readonly (Spread | undefined)[];
  }[];
}

export interface Axis {
  /** with the unit */
  name: string;
  /** Every value on it must be positive. */
  logarithmic?: boolean;
}

export interface LineChart extends ChartText {
  x: Axis;
  y: Axis;
  series: readonly {
    name: string;
    /** x and y, sorted by x */
    points: readonly (readonly [number, number])[];
  }[];
}

const WIDTH = 820;
const LINE_CHART_HEIGHT = 400;
const BAR_HEIGHT = 22;
const BAR_GAPS = { barGap: '0%', barCategoryGap: '25%' };
/** of title, legend and value axis */
const FRAME_HEIGHT = 150;

/** The chart has a background of its own, so that it is readable on a light and on a dark page. */
const BACKGROUND = '#ffffff';
const TEXT = '#1f2328';
const GRID = '#d1d9e0';
/** They differ in brightness too, so that colour-blind readers can tell them apart. */
const COLORS = ['#0b5cad', '#e69f00', '#59636e', '#009e73', '#cc79a7', '#56b4e9', '#a40e26', '#8d6708'];
const FONT = { fontFamily: 'Arial, Helvetica, sans-serif', fontSize: 13, color: TEXT };

/** The text of an SVG file; the same chart gives the same text. */
export function barChart(chart: BarChart): string {
  const { unit, groups, series } = chart;
  const bars = groups.length * (series.length + 0.6);
  const height = FRAME_HEIGHT + moreLegendHeight(series) + Math.ceil(bars * BAR_HEIGHT);
  return render(chart, height, {
    ...frame(chart, series),
    xAxis: { type: 'value', ...axisStyle(unit) },
    yAxis: { type: 'category', data: [...groups], inverse: true, axisTick: { show: false }, axisLabel: FONT },
    series: series.flatMap(({ name, values }, index) => [
      {
        ...{ name, type: 'bar', ...BAR_GAPS },
        data: values.map((value) => value?.median ?? '-'),
      },
      spreads(values, index, series.length),
    ]),
  });
}

/** The text of an SVG file; the same chart gives the same text. */
export function lineChart(chart: LineChart): string {
  const { x, y, series } = chart;
  const xs = series.flatMap(({ points }) => points.map(([value]) => value));
  const bounds = { min: Math.min(...xs), max: Math.max(...xs) };
  return render(chart, LINE_CHART_HEIGHT + moreLegendHeight(series), {
    ...frame(chart, series),
    xAxis: { type: x.logarithmic ? 'log' : 'value', ...bounds, ...axisStyle(x.name) },
    yAxis: { type: y.logarithmic ? 'log' : 'value', ...axisStyle(y.name), nameGap: 60 },
    series: series.map(({ name, points }) => ({
      ...{ name, type: 'line', symbol: 'circle', symbolSize: 7, lineStyle: { width: 2.5 } },
      data: points.map((point) => [...point]),
    })),
  });
}

/** With thousands separators, and three significant digits below 100. */
export function formatNumber(value: number): string {
  const digits = Math.abs(value) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
  return value.toLocaleString('en-US', digits);
}

/** A line from the lowest to the highest sample across the end of each bar, and its number. */
function spreads(
  values: readonly (Spread | undefined)[],
  index: number,
  count: number,
): CustomSeriesOption & { type: 'custom' } {
  return {
    type: 'custom',
    silent: true,
    data: values.map((value, group) => [value?.max ?? value?.median ?? 0, group]),
    z: 10,
    renderItem: ({ dataIndex }, api): CustomSeriesRenderItemReturn => {
      const value = values[dataIndex];
      if (value === undefined) return null;
      const { median, min = median, max = median } = value;
      const [left, right] = [min, max].map((end) => positionOf(api, end, dataIndex));
      const bar = api.barLayout({ ...BAR_GAPS, count })?.[index];
      if (left === undefined || right === undefined || bar === undefined) return null;
      const middle = left.y + bar.offsetCenter;
      const text = formatNumber(median);
      return {
        type: 'group',
        children: [
          {
            type: 'line',
            shape: { x1: left.x, y1: middle, x2: right.x, y2: middle },
            style: { stroke: TEXT, lineWidth: min === max ? 0 : 1.5 },
          },
          { type: 'text', style: { ...textStyle(), text, x: right.x + 6, y: middle } },
        ],
      };
    },
  };
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function positionOf(api: CustomSeriesRenderItemAPI, value: number, group: number) {
  const [x = 0, y = 0] = api.coord([value, group]);
  return { x, y };
}

function textStyle() {
  return { fontFamily: FONT.fontFamily, fontSize: 12, fill: TEXT, verticalAlign: 'middle' as const };
}

function frame({ title }: ChartText, series: readonly { name: string }[]): EChartsOption {
  return {
    animation: false,
    backgroundColor: BACKGROUND,
    color: COLORS,
    title: { text: title, left: 16, top: 14, textStyle: { ...FONT, fontSize: 16 } },
    legend: { data: series.map(({ name }) => name), left: 16, top: 46, textStyle: FONT, itemGap: 26 },
    grid: { left: 44, right: 72, top: 88 + moreLegendHeight(series), bottom: 44, containLabel: true },
  };
}

/** Of the rows of a legend that is too long for one. */
function moreLegendHeight(series: readonly { name: string }[]): number {
  const width = series.reduce((sum, { name }) => sum + 58 + 7.5 * name.length, 0);
  return 31 * Math.floor(width / (WIDTH - 32));
}

function axisStyle(name: string) {
  return {
    name,
    nameLocation: 'middle' as const,
    nameGap: 30,
    nameTextStyle: FONT,
    axisLabel: { ...FONT, formatter: formatNumber, hideOverlap: true },
    splitLine: { lineStyle: { color: GRID } },
  };
}

function render({ title, description }: ChartText, height: number, option: EChartsOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption(option);
    const named = `role="img" aria-labelledby="title description"`;
    const texts = `<title id="title">${escapeXml(title)}</title><desc id="description">${escapeXml(description)}</desc>`;
    return (
      chart
        .renderToSVGString()
        // Names and styles for interaction, which differ from one chart of a process to the next.
        .replace(/<style\s*>.*?<\/style>/s, '')
        .replaceAll(/ (?:class|ecmeta_\w+)="[^"]*"/g, '')
        .replaceAll(/\bzr\d+-/g, 'chart-')
        .replace(/<svg ([^>]*)>/, `<svg ${named} $1>${texts}`)
        .concat('\n')
    );
  } finally {
    chart.dispose();
  }
}
