import { derivedDefaults } from './defaults.ts';
import type { Fault, Source } from './fault.ts';
import { parseSetting } from './parse-setting.ts';
import { SETTING_NAMES, settingSchema, type SettingName, type Settings } from './settings.ts';

export interface ReadSettings {
  /** of a setting with a fault: its default */
  values: Settings;
  sources: ReadonlyMap<SettingName, Source>;
  faults: Fault[];
}

type Texts = Readonly<Partial<Record<string, string>>>;

/** Every setting by itself. An empty value counts as not set, as `NAME=` in compose and .env files means it. */
export function readSettings(environment: Texts, commandLine: Texts): ReadSettings {
  const given: Record<string, string | number> = {};
  const sources = new Map<SettingName, Source>();
  const faults: Fault[] = [];
  for (const name of SETTING_NAMES) {
    const [text, source] = lookUp(name, environment, commandLine);
    sources.set(name, source);
    const schema = settingSchema(name);
    if (schema.default !== undefined) given[name] = schema.default;
    if (source === 'default') continue;
    const parsed = parseSetting(schema, text);
    if ('problem' in parsed) faults.push({ name, value: text, source, problem: parsed.problem });
    else given[name] = parsed.value;
  }
  // Each value was checked against the row of its name, and rows without a default are derived here.
  const values = given as Settings;
  return { values: { ...derivedDefaults(values), ...values }, sources, faults };
}

function lookUp(name: string, environment: Texts, commandLine: Texts): [string, Source] {
  if (commandLine[name] !== undefined) return [commandLine[name], 'command line'];
  const text = environment[name] ?? '';
  return text === '' ? ['', 'default'] : [text, 'environment'];
}
