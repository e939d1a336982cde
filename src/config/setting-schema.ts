/** The groups of settings, in the order of the documentation. */
export const THEMES = [
  'Process',
  'Addresses',
  'Event log',
  'Kafka',
  'Store',
  'Processing',
  'Failures',
  'Identity',
  'Protection',
  'Tracing',
] as const;

export type Theme = (typeof THEMES)[number];

/** One setting: its JSON Schema and its documentation. */
export interface SettingSchema {
  theme: Theme;
  type: 'string' | 'integer';
  /** one sentence */
  description: string;
  /** absent when the default depends on other settings or on the machine: `defaultText` then describes it */
  default?: string | number;
  defaultText?: string;
  unit?: string;
  minimum?: number;
  maximum?: number;
  enum?: readonly string[];
  pattern?: string;
  /** the pattern in words, after "give" */
  expects?: string;
}

/** The allowed values in words; completes the sentence "give …". */
export function allowedValues(schema: SettingSchema): string {
  if (schema.enum !== undefined) return inWords(schema.enum);
  if (schema.type === 'integer') {
    return `a whole number from ${schema.minimum ?? 0} to ${schema.maximum ?? Number.MAX_SAFE_INTEGER}`;
  }
  return schema.expects ?? 'any text';
}

function inWords(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}`;
}
