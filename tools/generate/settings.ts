import { writeFile } from 'node:fs/promises';
import { configurationPage, envExample } from '../../src/config/document.ts';

/** Writes the documents that are generated from the settings: .env.example and docs/configuration.md. */
const ROOT = new URL('../../../', import.meta.url);

await writeFile(new URL('.env.example', ROOT), envExample());
await writeFile(new URL('docs/configuration.md', ROOT), configurationPage());
