import { IsInteger, IsObject } from 'typebox';
import { Compile } from 'typebox/compile';
import { ServiceError } from "../base/errors.js";
import { listFaults } from "./faults.js";
export function createValidator(schema) {
    const compiled = Compile(schema);
    return {
        check: (value) => compiled.Check(value),
        errorOf(value) {
            const errors = listFaults(schema, value);
            const first = errors[0] ?? { pointer: '', detail: 'does not match the schema' };
            const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
            const where = first.pointer === '' ? 'The body' : first.pointer;
            return new ServiceError('validation-failed', `${where} ${first.detail}${more}`, {
                errors: errors.length === 0 ? [first] : errors,
            });
        },
    };
}
/** Checks every part of a request as it came: nothing is removed, nothing is filled in, and no body is coerced. */
export const validatorCompiler = ({ schema, httpPart }) => {
    const validator = createValidator(schema);
    if (httpPart === 'querystring') {
        const readNumbers = integerReader(schema);
        return (query) => {
            const value = readNumbers(query);
            return validator.check(value) ? { value } : { error: validator.errorOf(value) };
        };
    }
    return (value) => validator.check(value) || { error: validator.errorOf(value) };
};
/** A query has no numbers, only their text: plain decimal digits are read as one, anything else stays and is refused. */
function integerReader(schema) {
    const properties = IsObject(schema) ? Object.entries(schema.properties) : [];
    const names = properties.filter(([, property]) => IsInteger(property)).map(([name]) => name);
    if (names.length === 0)
        return (query) => query;
    return (query) => {
        const read = { ...query };
        for (const name of names) {
            const text = query[name];
            if (typeof text === 'string' && /^(?:0|[1-9]\d{0,14})$/.test(text))
                read[name] = Number(text);
        }
        return read;
    };
}
//# sourceMappingURL=validation.js.map