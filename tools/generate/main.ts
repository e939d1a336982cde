import { readFile, writeFile } from 'node:fs/promises';
import { configurationPage, envExample } from '../../src/config/document.ts';
import { DASHBOARDS, dashboardFile } from '../grafana/dashboards.ts';
import { writeChartFiles } from './chart.ts';
import { metricsPage } from './metrics-page.ts';
import { withRulesTable } from './rules-table.ts';

/**
 * Writes what is generated: .env.example, docs/configuration.md, docs/metrics.md, the rules in docs/security.md, the dashboards, and
 * parts of the Helm chart.
 */
const ROOT = new URL('../../../', import.meta.url);

await writeFile(new URL('.env.example', ROOT), envExample());
await writeFile(new URL('docs/configuration.md', ROOT), configurationPage());
await writeFile(new URL('docs/metrics.md', ROOT), metricsPage());
for (const [name, dashboard] of Object.entries(DASHBOARDS)) {
  await writeFile(new URL(`deploy/grafana/dashboards/${name}`, ROOT), dashboardFile(dashboard));
}
const security = new URL('docs/security.md', ROOT);
await writeFile(security, withRulesTable(await readFile(security, 'utf8')));
await writeChartFiles(ROOT);
