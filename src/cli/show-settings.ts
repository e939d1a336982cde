import type { Config } from '../config/config.ts';

/** The settings in force as text in columns: name, value, source. */
export function settingsAsText({ settings }: Pick<Config, 'settings'>): string {
  const width = (texts: string[]) => Math.max(...texts.map((text) => text.length));
  const names = width(settings.map(({ name }) => name));
  const values = width(settings.map(({ value }) => shown(value)));
  return settings
    .map(({ name, value, source }) => `${name.padEnd(names)}  ${shown(value).padEnd(values)}  ${source}\n`)
    .join('');
}

/** `{"settings":{"PORT":{"value":3000,"source":"default"},…},"warnings":[…]}` */
export function settingsAsJson({ settings, warnings }: Pick<Config, 'settings' | 'warnings'>): string {
  const byName = Object.fromEntries(settings.map(({ name, value, source }) => [name, { value, source }]));
  return `${JSON.stringify({ settings: byName, warnings }, null, 2)}\n`;
}

function shown(value: string | number): string {
  return value === '' ? '(not set)' : String(value);
}
