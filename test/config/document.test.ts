import { readFileSync } from 'node:fs';
import t from 'tap';
import { loadConfig } from '../../src/config/config.ts';
import { configurationPage, defaultText, envExample, settingsHelp } from '../../src/config/document.ts';
import { SETTING_FAMILIES } from '../../src/config/setting-families.ts';
import { SETTING_NAMES, settingSchema } from '../../src/config/settings.ts';

const rootFile = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const REGENERATE = 'run: npm run generate';

await t.test('.env.example is generated from the settings', async (t) => {
  t.equal(rootFile('.env.example'), envExample(), REGENERATE);
});

await t.test('docs/configuration.md is generated from the settings', async (t) => {
  t.equal(rootFile('docs/configuration.md'), configurationPage(), REGENERATE);
});

await t.test(
  'help, .env.example and docs/configuration.md list every setting with default, unit and sentence',
  async (t) => {
    for (const name of SETTING_NAMES) {
      const { description, unit = '' } = settingSchema(name);
      for (const text of [settingsHelp(), envExample(), configurationPage().replaceAll('&lt;', '<')]) {
        t.ok(text.includes(name) && text.includes(description) && text.includes(unit), name);
        t.ok(text.includes(defaultText(name)), `default of ${name}`);
      }
    }
    for (const { name } of SETTING_FAMILIES)
      t.ok(settingsHelp().includes(name) && configurationPage().includes(name));
  },
);

await t.test('every setting has one sentence and one kind of default', async (t) => {
  for (const name of SETTING_NAMES) {
    const schema = settingSchema(name);
    t.match(schema.description, /^[A-Z].*[^.]\.$/, name);
    t.not(schema.default === undefined, schema.defaultText === undefined, name);
    if (schema.type === 'integer') t.ok(schema.minimum !== undefined && schema.maximum !== undefined, name);
    if (name.endsWith('_MS')) t.equal(schema.unit, 'ms', name);
  }
});

await t.test('every documented default can be set as written and changes nothing', async (t) => {
  const defaults = SETTING_NAMES.map((name) => [name, String(settingSchema(name).default ?? '')]);
  const withoutSources = (environment: NodeJS.ProcessEnv) => ({ ...loadConfig(environment), settings: [] });
  t.strictSame(withoutSources(Object.fromEntries(defaults) as NodeJS.ProcessEnv), withoutSources({}));
});
