import { readFile, writeFile } from 'node:fs/promises';
import { configurationPage, envExample } from '../../src/config/document.ts';
import { writeChartFiles } from './chart.ts';
import { withRulesTable } from './rules-table.ts';

/** Writes what is generated: .env.example, docs/configuration.md, the rules in docs/security.md, and parts of the Helm chart. */
const ROOT = new URL('../../../', import.meta.url);

await writeFile(new URL('.env.example', ROOT), envExample());
await writeFile(new URL('docs/configuration.md', ROOT), configurationPage());
const security = new URL('docs/security.md', ROOT);
await writeFile(security, withRulesTable(await readFile(security, 'utf8')));
await writeChartFiles(ROOT);
