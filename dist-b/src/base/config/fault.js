import { maskSecrets } from "./mask.js";
/** One line with setting, value (masked if secret), what is wrong and what to do. */
export function toFieldError(fault) {
    const { name, source, problem } = fault;
    const shown = JSON.stringify(maskSecrets(name, fault.value));
    const given = source === 'command line' ? `--${name.toLowerCase()} ${shown}` : `${name}=${shown}`;
    return { pointer: `/${name}`, detail: `${given}${source === 'default' ? ' (default)' : ''} ${problem}.` };
}
//# sourceMappingURL=fault.js.map