import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { withRulesTable } from '../../tools/generate/rules-table.ts';
import { ROOT } from './markdown.ts';

await t.test('docs/security.md shows the rules that the service enforces', (t) => {
  const page = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');
  const rows = (text: string) => text.split('\n').map((line) => line.replace(/ +/g, ' ').replace(/-+/g, '-'));
  t.strictSame(rows(page), rows(withRulesTable(page)), 'run npm run generate');
  t.throws(() => withRulesTable('# A page without markers'), /needs <!-- rules -->/);
  t.end();
});
