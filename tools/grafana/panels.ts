/** What a panel shows. Every dashboard chooses the Prometheus with its variable `datasource`. */
export interface Panel {
  title: string;
  /** for the reader who sees it for the first time */
  description: string;
  type: 'timeseries' | 'stat';
  /** a unit of Grafana: s, bytes, short, reqps, percentunit */
  unit: string;
  /** legend → PromQL */
  queries: Readonly<Record<string, string>>;
  /** columns of 24; 12 by default, 6 for `stat` */
  width?: number;
  /** values from here on are red */
  redFrom?: number;
}

export interface Row {
  title: string;
  panels: readonly Panel[];
}

export interface Dashboard {
  uid: string;
  title: string;
  description: string;
  rows: readonly Row[];
}

const COLUMNS = 24;
const HEIGHTS = { timeseries: 8, stat: 4 } as const;
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;

/** The dashboard as Grafana reads it. */
export function dashboardJson({ uid, title, description, rows }: Dashboard): object {
  return {
    uid,
    title,
    description,
    tags: ['order-system'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    templating: {
      list: [{ name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', hide: 0 }],
    },
    annotations: { list: [firingAlerts()] },
    links: [{ type: 'dashboards', title: 'order-system', tags: ['order-system'], asDropdown: true }],
    panels: layOut(rows),
  };
}

/** Marks on every graph when an alert began and ended. */
function firingAlerts(): object {
  return {
    name: 'Alerts',
    datasource: DATASOURCE,
    enable: true,
    iconColor: 'red',
    expr: 'ALERTS{alertstate="firing",severity="page"}',
    titleFormat: '{{alertname}}',
  };
}

function layOut(rows: readonly Row[]): object[] {
  const placed: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    placed.push({
      id: placed.length + 1,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { h: 1, w: COLUMNS, x: 0, y },
    });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of panels) {
      const w = panel.width ?? (panel.type === 'stat' ? 6 : 12);
      if (x + w > COLUMNS) {
        y += height;
        x = 0;
        height = 0;
      }
      const h = HEIGHTS[panel.type];
      placed.push(panelJson(panel, placed.length + 1, { h, w, x, y }));
      x += w;
      height = Math.max(height, h);
    }
    y += height;
  }
  return placed;
}

function panelJson(
  { title, description, type, unit, queries, redFrom }: Panel,
  id: number,
  gridPos: { h: number; w: number; x: number; y: number },
): object {
  const steps = [
    { color: 'green', value: null },
    ...(redFrom === undefined ? [] : [{ color: 'red', value: redFrom }]),
  ];
  return {
    id,
    type,
    title,
    description,
    gridPos,
    datasource: DATASOURCE,
    fieldConfig: {
      defaults: { unit, min: 0, thresholds: { mode: 'absolute', steps } },
      overrides: [],
    },
    options:
      type === 'stat'
        ? { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode: 'value' }
        : {
            legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
            tooltip: { mode: 'multi' },
          },
    targets: Object.entries(queries).map(([legendFormat, expr], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr,
      legendFormat,
    })),
  };
}

/** The quantiles 50 and 99 of a histogram. @param by a label that splits them */
export function quantiles(
  histogram: string,
  { by, selector = '' }: { by?: string; selector?: string } = {},
): Record<string, string> {
  const labels = by === undefined ? 'le' : `le, ${by}`;
  const legend = by === undefined ? '' : ` {{${by}}}`;
  const query = (quantile: number) =>
    `histogram_quantile(${quantile}, sum by (${labels}) (rate(${histogram}_bucket${selector}[$__rate_interval])))`;
  return { [`p50${legend}`]: query(0.5), [`p99${legend}`]: query(0.99) };
}

/** Events a second, by a label. */
export function rates(counter: string, by: string, selector = ''): Record<string, string> {
  return { [`{{${by}}}`]: `sum by (${by}) (rate(${counter}${selector}[$__rate_interval]))` };
}
