import { KAFKA } from './kafka.ts';
import { ORDER_PATH } from './order-path.ts';
import { OVERVIEW } from './overview.ts';
import { dashboardJson, type Dashboard } from './panels.ts';
import { STORE } from './store.ts';

/** File name in deploy/grafana/dashboards → dashboard. */
export const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  'overview.json': OVERVIEW,
  'order-path.json': ORDER_PATH,
  'kafka.json': KAFKA,
  'store.json': STORE,
};

/** The text of a dashboard's file. */
export function dashboardFile(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboardJson(dashboard), null, 2)}\n`;
}
