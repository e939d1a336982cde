import { defaultText } from "./defaults.js";
import { SETTING_FAMILIES } from "./kafka-client-settings.js";
import { allowedValues, THEMES } from "./setting-schema.js";
import { SETTING_NAMES, settingSchema } from "./settings.js";
/** All settings by theme, for `--help`. */
export function settingsHelp() {
    return byTheme()
        .map(([theme, settings]) => `${theme}\n${settings.map(helpEntry).join('\n')}`)
        .join('\n\n');
}
/** The text of .env.example: every setting with its default, none of them set. */
export function envExample() {
    const themes = byTheme().map(([theme, settings]) => `# --- ${theme} ---\n\n${settings.map(envEntry).join('\n\n')}`);
    const head = [
        '# Settings of order-system with their defaults. Copy to .env, take the # off what you change, then start with',
        '# node --env-file=.env dist/src/main.js serve. An empty value counts as not set.',
    ];
    return `${[head.join('\n'), ...themes].join('\n\n')}\n`;
}
/** The table of the README. */
export function settingsTable() {
    const rows = byTheme().flatMap(([theme, settings]) => settings.map((setting) => tableRow(theme, setting)));
    const table = [
        '| Part | Setting | Default | Values | What it is |',
        '| --- | --- | --- | --- | --- |',
        ...rows,
    ];
    return ['<!-- prettier-ignore-start -->', ...table, '<!-- prettier-ignore-end -->'].join('\n');
}
function byTheme() {
    return THEMES.map((theme) => [
        theme,
        [
            ...SETTING_NAMES.filter((name) => settingSchema(name).theme === theme).map(documented),
            ...SETTING_FAMILIES.filter((family) => family.theme === theme).map(documentedFamily),
        ],
    ]);
}
function documented(name) {
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
function documentedFamily({ name, description }) {
    return { name, description, default: undefined, defaultValue: '', allowed: 'any text', unit: '' };
}
function helpEntry(setting) {
    return `  ${setting.name}  ${facts(setting)}\n      ${setting.description}`;
}
function envEntry(setting) {
    return `# ${setting.description}\n# ${facts(setting)}\n#${setting.name}=${setting.defaultValue}`;
}
function facts(setting) {
    const { default: value } = setting;
    const values = allowedWithUnit(setting);
    return value === undefined ? values : `default: ${value === '' ? 'not set' : value}; ${values}`;
}
function allowedWithUnit({ allowed, unit }) {
    return unit === '' ? allowed : `${allowed} (${unit})`;
}
function tableRow(theme, setting) {
    const { name, description, default: value, defaultValue } = setting;
    const shown = defaultValue === '' ? (value ?? '') : `\`${defaultValue}\``;
    return `| ${[theme, `\`${name}\``, shown, allowedWithUnit(setting), description].map(cell).join(' | ')} |`;
}
function cell(text) {
    return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
//# sourceMappingURL=document.js.map