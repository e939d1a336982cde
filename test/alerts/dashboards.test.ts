import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { DASHBOARDS, dashboardFile } from '../../tools/grafana/dashboards.ts';
import { exportedSeries, seriesIn } from '../../tools/prometheus/metric-names.ts';
import { allRules } from '../../tools/prometheus/rules.ts';

const folder = new URL('../../../deploy/grafana/dashboards/', import.meta.url);

interface Placed {
  id: number;
  title: string;
  description?: string;
  gridPos: { h: number; w: number; x: number; y: number };
  targets?: { expr: string; refId: string }[];
}

await t.test('the files are what `npm run generate` writes', async (t) => {
  t.same(readdirSync(folder).sort(), Object.keys(DASHBOARDS).sort());
  for (const [name, dashboard] of Object.entries(DASHBOARDS)) {
    t.equal(
      readFileSync(new URL(name, folder), 'utf8'),
      dashboardFile(dashboard),
      `${name}: run npm run generate`,
    );
  }
});

for (const [name, dashboard] of Object.entries(DASHBOARDS)) {
  const { uid, panels } = JSON.parse(dashboardFile(dashboard)) as { uid: string; panels: Placed[] };

  await t.test(`${name}: every panel shows metrics that the service exports`, async (t) => {
    const known = exportedSeries();
    for (const { record } of allRules()) if (record !== undefined) known.add(record);
    known.add('up');
    for (const { title, targets = [] } of panels) {
      for (const { expr } of targets) {
        const unknown = seriesIn(expr).filter((series) => !known.has(series));
        t.same(unknown, [], `${title}: ${expr}`);
      }
    }
  });

  await t.test(`${name}: ids are unique, panels are explained and do not overlap`, async (t) => {
    t.match(uid, /^[a-z-]{1,40}$/);
    t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const cells = new Set<string>();
    for (const { title, description, targets, gridPos } of panels) {
      if (targets !== undefined) t.match(description, /\.$/, title);
      t.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          if (cells.has(`${x} ${y}`)) t.fail(`${title} overlaps at ${x}, ${y}`);
          cells.add(`${x} ${y}`);
        }
      }
    }
  });
}
