import type { Source } from './setting-error.ts';
import { passedThrough } from './kafka-client-settings.ts';
import { MASK, maskSecrets } from './mask.ts';
import { processorVariables } from './processor-environment.ts';
import type { ReadSettings } from './read-settings.ts';
import { SETTING_NAMES } from './settings.ts';

/** A setting in force, with secrets masked. */
export interface EffectiveSetting {
  name: string;
  value: string | number;
  source: Source;
}

export function effectiveSettings(read: ReadSettings, environment: NodeJS.ProcessEnv): EffectiveSetting[] {
  const own = SETTING_NAMES.map((name) => ({
    name,
    value: shown(name, read.values[name]),
    source: read.sources.get(name) ?? 'default',
  }));
  const passed = passedThrough(environment).map(([name, value]) => ({
    name,
    value: shown(name, value),
    source: 'environment' as const,
  }));
  // They may be secrets whatever their names are.
  const ofProcessor = processorVariables(environment).map(([name]) => ({
    name,
    value: MASK,
    source: 'environment' as const,
  }));
  return [...own, ...passed, ...ofProcessor];
}

function shown(name: string, value: string | number): string | number {
  return typeof value === 'number' ? value : maskSecrets(name, value);
}
