import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { settingSchema, type SettingName, type Settings } from './settings.ts';

type FixedSettings = Omit<Settings, 'EVENT_LOG' | 'DATABASE_URL' | 'WORKER_THREADS'>;

/** Defaults that follow from other settings or from the machine; the rows say them in words as `defaultText`. */
export function derivedDefaults(given: FixedSettings): Omit<Settings, keyof FixedSettings> {
  return {
    EVENT_LOG: given.KAFKA_BROKERS === '' ? 'embedded' : 'kafka',
    DATABASE_URL: `sqlite:${join(given.DATA_DIR, 'orders.db')}`,
    WORKER_THREADS: Math.min(8, Math.max(1, availableParallelism() - 1)),
  };
}

/** The default as a person reads it. */
export function defaultText(name: SettingName): string {
  const schema = settingSchema(name);
  return schema.defaultText ?? String(schema.default);
}
