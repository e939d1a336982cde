import { loadConfig, type Config } from '../config/config.ts';

/** The settings in force, as a table or as JSON. @throws ServiceError `settings-invalid` */
export function showConfig(asJson: boolean, onWarning: (line: string) => void): string {
  const config = loadConfig(process.env);
  for (const warning of config.warnings) onWarning(`warning: ${warning}`);
  return asJson ? settingsAsJson(config) : settingsAsText(config);
}

function settingsAsText({ settings }: Config): string {
  const width = (texts: string[]) => Math.max(...texts.map((text) => text.length));
  const names = width(settings.map(({ name }) => name));
  const values = width(settings.map(({ value }) => shown(value)));
  return settings
    .map(({ name, value, source }) => `${name.padEnd(names)}  ${shown(value).padEnd(values)}  ${source}\n`)
    .join('');
}

/** `{"settings":{"PORT":{"value":3000,"source":"default"},…},"warnings":[…]}` */
function settingsAsJson({ settings, warnings }: Config): string {
  const byName = Object.fromEntries(settings.map(({ name, value, source }) => [name, { value, source }]));
  return `${JSON.stringify({ settings: byName, warnings }, null, 2)}\n`;
}

function shown(value: string | number): string {
  return value === '' ? '(not set)' : String(value);
}
