import { readFile, writeFile } from 'node:fs/promises';
import { envExample, settingsTable } from '../../src/config/document.ts';

/**
 * Writes what is made of the table of settings: .env.example and the part of README.md between its markers.
 * Run as dist/tools/generate/settings.js after every change of the table.
 */
const ROOT = new URL('../../../', import.meta.url);

await writeFile(new URL('.env.example', ROOT), envExample());
const readme = new URL('README.md', ROOT);
await writeFile(readme, withSettings(await readFile(readme, 'utf8')));

function withSettings(text: string): string {
  const parts = /^(.*<!-- settings -->\n).*(\n<!-- \/settings -->.*)$/s.exec(text);
  if (parts === null) {
    throw new Error('README.md has no <!-- settings --> and <!-- /settings --> to write the table between.');
  }
  return `${parts[1] ?? ''}\n${settingsTable()}\n${parts[2] ?? ''}`;
}
