import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { allowedValues, type SettingSchema } from './setting-schema.ts';
import type { SettingError, Source } from './setting-error.ts';
import { SETTING_NAMES, settingSchema, type SettingName, type Settings } from './settings.ts';

export interface ReadSettings {
  /** a setting with an error has its default here */
  values: Settings;
  sources: ReadonlyMap<SettingName, Source>;
  errors: SettingError[];
}

type Texts = Readonly<Partial<Record<string, string>>>;

/** Reads each setting on its own. An empty value counts as not set, because compose and .env files write `NAME=` for it. */
export function readSettings(environment: Texts, commandLine: Texts): ReadSettings {
  const given: Record<string, string | number> = {};
  const sources = new Map<SettingName, Source>();
  const errors: SettingError[] = [];
  for (const name of SETTING_NAMES) {
    const [text, source] = lookUp(name, environment, commandLine);
    sources.set(name, source);
    const schema = settingSchema(name);
    if (schema.default !== undefined) given[name] = schema.default;
    if (source === 'default') continue;
    const parsed = parseSetting(schema, text);
    if ('problem' in parsed) errors.push({ name, value: text, source, problem: parsed.problem });
    else given[name] = parsed.value;
  }
  // Each value matches the schema of its name; only the derived defaults are still missing.
  const values = given as Settings;
  return { values: { ...derivedDefaults(values), ...values }, sources, errors };
}

function lookUp(name: string, environment: Texts, commandLine: Texts): [string, Source] {
  if (commandLine[name] !== undefined) return [commandLine[name], 'command line'];
  const text = environment[name] ?? '';
  return text === '' ? ['', 'default'] : [text, 'environment'];
}

type Parsed = { value: string | number } | { problem: string };

/** Parses strictly, without trimming or guessing. */
export function parseSetting(schema: SettingSchema, text: string): Parsed {
  const allowed = allowedValues(schema);
  if (schema.type === 'integer') return parseInteger(schema, text, allowed);
  if (schema.enum !== undefined && !schema.enum.includes(text)) {
    return { problem: `is not known: give ${allowed}` };
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(text)) {
    return { problem: `is not usable: give ${allowed}` };
  }
  return { value: text };
}

function parseInteger(schema: SettingSchema, text: string, allowed: string): Parsed {
  if (!/^-?(0|[1-9]\d*)$/.test(text)) {
    return { problem: `is not a whole number: give ${allowed}, digits only` };
  }
  const value = Number(text);
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = schema;
  if (value < minimum || value > maximum) return { problem: `is out of range: give ${allowed}` };
  return { value };
}

type FixedSettings = Omit<Settings, 'EVENT_LOG' | 'DATABASE_URL' | 'WORKER_THREADS' | 'OTEL_TRACES_EXPORTER'>;

/** Defaults that follow from other settings or from the machine; `defaultText` describes them in words. */
function derivedDefaults(given: FixedSettings): Omit<Settings, keyof FixedSettings> {
  const hasEndpoint = [given.OTEL_EXPORTER_OTLP_ENDPOINT, given.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT].some(
    (endpoint) => endpoint !== '',
  );
  return {
    OTEL_TRACES_EXPORTER: hasEndpoint ? 'otlp' : 'none',
    EVENT_LOG: given.KAFKA_BROKERS === '' ? 'embedded' : 'kafka',
    DATABASE_URL: `sqlite:${join(given.DATA_DIR, 'orders.db')}`,
    WORKER_THREADS: Math.min(8, Math.max(1, availableParallelism() - 1)),
  };
}
