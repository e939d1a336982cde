import { allowedValues, type SettingSchema } from './setting-schema.ts';

export type Parsed = { value: string | number } | { problem: string };

/** Strict: what is not exactly a value of the setting is refused, nothing is trimmed or guessed. */
export function parseSetting(schema: SettingSchema, text: string): Parsed {
  const allowed = allowedValues(schema);
  if (schema.type === 'integer') return parseInteger(schema, text, allowed);
  if (schema.enum !== undefined && !schema.enum.includes(text)) {
    return { problem: `is not known: give ${allowed}` };
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(text)) {
    return { problem: `is not usable: give ${allowed}` };
  }
  return { value: text };
}

function parseInteger(schema: SettingSchema, text: string, allowed: string): Parsed {
  if (!/^-?(0|[1-9]\d*)$/.test(text))
    return { problem: `is not a whole number: give ${allowed}, digits only` };
  const value = Number(text);
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = schema;
  if (value < minimum || value > maximum) return { problem: `is out of range: give ${allowed}` };
  return { value };
}
