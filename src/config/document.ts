import { defaultText } from './defaults.ts';
import { SETTING_FAMILIES } from './kafka-client-settings.ts';
import { allowedValues, THEMES, type Theme } from './setting-schema.ts';
import { SETTING_NAMES, settingSchema } from './settings.ts';

interface DocumentedSetting {
  name: string;
  description: string;
  /** undefined for a family of names */
  default: string | undefined;
  /** as it can be given; '' when the default is derived */
  defaultValue: string;
  allowed: string;
  unit: string;
}

/** All settings by theme, for `--help`. */
export function settingsHelp(): string {
  return byTheme()
    .map(([theme, settings]) => `${theme}\n${settings.map(helpEntry).join('\n')}`)
    .join('\n\n');
}

/** The text of .env.example: every setting with its default, none of them set. */
export function envExample(): string {
  const themes = byTheme().map(
    ([theme, settings]) => `# --- ${theme} ---\n\n${settings.map(envEntry).join('\n\n')}`,
  );
  const head = [
    '# Settings of order-system with their defaults. Copy to .env, take the # off what you change, then start with',
    '# node --env-file=.env dist/src/main.js serve. An empty value counts as not set.',
  ];
  return `${[head.join('\n'), ...themes].join('\n\n')}\n`;
}

/** The table of the README. */
export function settingsTable(): string {
  const rows = byTheme().flatMap(([theme, settings]) => settings.map((setting) => tableRow(theme, setting)));
  const table = [
    '| Part | Setting | Default | Values | What it is |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ];
  return ['<!-- prettier-ignore-start -->', ...table, '<!-- prettier-ignore-end -->'].join('\n');
}

function byTheme(): [Theme, DocumentedSetting[]][] {
  return THEMES.map((theme) => [
    theme,
    [
      ...SETTING_NAMES.filter((name) => settingSchema(name).theme === theme).map(documented),
      ...SETTING_FAMILIES.filter((family) => family.theme === theme).map(documentedFamily),
    ],
  ]);
}

function documented(name: (typeof SETTING_NAMES)[number]): DocumentedSetting {
  const schema = settingSchema(name);
  return {
    name,
    description: schema.description,
    default: defaultText(name),
    defaultValue: String(schema.default ?? ''),
    allowed: allowedValues(schema),
    unit: schema.unit ?? '',
  };
}

function documentedFamily({ name, description }: (typeof SETTING_FAMILIES)[number]): DocumentedSetting {
  return { name, description, default: undefined, defaultValue: '', allowed: 'any text', unit: '' };
}

function helpEntry(setting: DocumentedSetting): string {
  return `  ${setting.name}  ${facts(setting)}\n      ${setting.description}`;
}

function envEntry(setting: DocumentedSetting): string {
  return `# ${setting.description}\n# ${facts(setting)}\n#${setting.name}=${setting.defaultValue}`;
}

function facts(setting: DocumentedSetting): string {
  const { default: value } = setting;
  const values = allowedWithUnit(setting);
  return value === undefined ? values : `default: ${value === '' ? 'not set' : value}; ${values}`;
}

function allowedWithUnit({ allowed, unit }: DocumentedSetting): string {
  return unit === '' ? allowed : `${allowed} (${unit})`;
}

function tableRow(theme: Theme, setting: DocumentedSetting): string {
  const { name, description, default: value, defaultValue } = setting;
  const shown = defaultValue === '' ? (value ?? '') : `\`${defaultValue}\``;
  return `| ${[theme, `\`${name}\``, shown, allowedWithUnit(setting), description].map(cell).join(' | ')} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
