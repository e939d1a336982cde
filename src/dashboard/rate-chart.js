import { element } from './elements.js';
import uPlot from './uplot.js';

/** @typedef {import('./api-types.d.ts').Stats} Stats */

const SERIES = /** @type {const} */ (['accepted', 'confirmed', 'failed']);
const HEIGHT = 236;
const WINDOW_S = 120;

/** The rates of the latest seconds; redrawn when the colour scheme changes. */
export class RateChart {
  #place = element('rates');
  /** @type {uPlot | undefined} */
  #plot;
  /** @type {uPlot.AlignedData} */
  #data = [[], [], [], []];

  constructor() {
    this.#draw();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#place);
  }

  /** @param {Stats['seconds']} seconds */
  show(seconds) {
    this.#data = [
      seconds.map(({ endedAt }) => Date.parse(endedAt) / 1000),
      ...SERIES.map((name) => seconds.map((second) => second[name])),
    ];
    this.#plot?.setData(this.#data);
  }

  #size() {
    return { width: this.#place.clientWidth, height: HEIGHT };
  }

  #draw() {
    this.#plot?.destroy();
    const style = getComputedStyle(document.documentElement);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
    const axis = {
      stroke: colour('muted'),
      font: '12px system-ui, sans-serif',
      grid: { stroke: colour('line'), width: 1 },
      ticks: { show: false },
    };
    const options = {
      ...this.#size(),
      legend: { show: false },
      cursor: { y: false, points: { size: 7 } },
      scales: { x: { range: latest }, y: { range: fromZero } },
      axes: [
        { ...axis, size: 26, splits: everyHalfMinute, values: howLongAgo },
        { ...axis, size: 46, space: 44 },
      ],
      series: [
        {},
        ...SERIES.map((name) => ({
          label: name,
          stroke: colour(name),
          width: 2,
          fill: name === 'accepted' ? `${colour(name)}1f` : undefined,
          points: { show: false },
        })),
      ],
    };
    this.#plot = new uPlot(options, this.#data, this.#place);
  }
}

/**
 * @param {uPlot} _plot
 * @param {number | null} _min
 * @param {number | null} max
 * @returns {[number, number]}
 */
function latest(_plot, _min, max) {
  const end = max ?? Date.now() / 1000;
  return [end - WINDOW_S, end];
}

/**
 * @param {uPlot} _plot
 * @param {number | null} _min
 * @param {number | null} max
 * @returns {[number, number]}
 */
function fromZero(_plot, _min, max) {
  return [0, Math.max(5, (max ?? 0) * 1.15)];
}

/** @param {uPlot} plot */
function everyHalfMinute(plot) {
  const end = plot.scales.x?.max ?? 0;
  return [-120, -90, -60, -30, 0].map((seconds) => end + seconds);
}

/**
 * @param {uPlot} plot
 * @param {number[]} splits
 */
function howLongAgo(plot, splits) {
  const end = plot.scales.x?.max ?? 0;
  return splits.map((at) => (at === end ? 'now' : `${Math.round(at - end)} s`));
}
