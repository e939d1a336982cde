import { derivedDefaults } from "./defaults.js";
import { parseSetting } from "./parse-setting.js";
import { SETTING_NAMES, settingSchema } from "./settings.js";
/** Every setting by itself. An empty value counts as not set, as `NAME=` in compose and .env files means it. */
export function readSettings(environment, commandLine) {
    const given = {};
    const sources = new Map();
    const faults = [];
    for (const name of SETTING_NAMES) {
        const [text, source] = lookUp(name, environment, commandLine);
        sources.set(name, source);
        const schema = settingSchema(name);
        if (schema.default !== undefined)
            given[name] = schema.default;
        if (source === 'default')
            continue;
        const parsed = parseSetting(schema, text);
        if ('problem' in parsed)
            faults.push({ name, value: text, source, problem: parsed.problem });
        else
            given[name] = parsed.value;
    }
    // Each value was checked against the row of its name, and rows without a default are derived here.
    const values = given;
    return { values: { ...derivedDefaults(values), ...values }, sources, faults };
}
function lookUp(name, environment, commandLine) {
    if (commandLine[name] !== undefined)
        return [commandLine[name], 'command line'];
    const text = environment[name] ?? '';
    return text === '' ? ['', 'default'] : [text, 'environment'];
}
//# sourceMappingURL=read-settings.js.map