import { passedThrough } from "./kafka-client-settings.js";
import { maskSecrets } from "./mask.js";
import { SETTING_NAMES } from "./settings.js";
export function effectiveSettings(read, environment) {
    const own = SETTING_NAMES.map((name) => ({
        name,
        value: shown(name, read.values[name]),
        source: read.sources.get(name) ?? 'default',
    }));
    const passed = passedThrough(environment).map(([name, value]) => ({
        name,
        value: shown(name, value),
        source: 'environment',
    }));
    return [...own, ...passed];
}
function shown(name, value) {
    return typeof value === 'number' ? value : maskSecrets(name, value);
}
//# sourceMappingURL=effective-settings.js.map