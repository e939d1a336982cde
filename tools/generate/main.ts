import { readFile, writeFile } from 'node:fs/promises';
import { configurationPage, envExample } from '../../src/config/document.ts';
import { withRulesTable } from './rules-table.ts';

/** Writes what is generated from the code: .env.example, docs/configuration.md and the rules in docs/security.md. */
const ROOT = new URL('../../../', import.meta.url);

await writeFile(new URL('.env.example', ROOT), envExample());
await writeFile(new URL('docs/configuration.md', ROOT), configurationPage());
const security = new URL('docs/security.md', ROOT);
await writeFile(security, withRulesTable(await readFile(security, 'utf8')));
