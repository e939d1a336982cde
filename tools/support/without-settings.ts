import { SETTING_NAMES } from '../../src/config/settings.ts';

/** Settings of whoever runs the tests must not reach the program under test. */
export function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const settings = new Set<string>(SETTING_NAMES);
  const isSetting = (name: string): boolean => settings.has(name) || /^KAFKA_(SASL|SSL)_/.test(name);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isSetting(name)));
}
