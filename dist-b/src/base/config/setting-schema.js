/** The parts of the settings as a reader meets them, in this order. */
export const THEMES = [
    'Process',
    'Addresses',
    'Event log',
    'Kafka',
    'Store',
    'Processing',
    'Protection',
];
/** What may be given, in words: completes the sentence "give …". */
export function allowedValues(schema) {
    if (schema.enum !== undefined)
        return inWords(schema.enum);
    if (schema.type === 'integer') {
        return `a whole number from ${schema.minimum ?? 0} to ${schema.maximum ?? Number.MAX_SAFE_INTEGER}`;
    }
    return schema.expects ?? 'any text';
}
function inWords(choices) {
    return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}`;
}
//# sourceMappingURL=setting-schema.js.map