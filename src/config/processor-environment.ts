/** The family of settings that the processor module sees: the name without the prefix is the name of its variable. */
export const PROCESSOR_FAMILY = {
  theme: 'Processing',
  name: 'PROCESSOR_ENV_*',
  description:
    'The environment of the PROCESSOR module: PROCESSOR_ENV_PAYMENTS_URL is its PAYMENTS_URL. It sees no other setting.',
} as const;

const PREFIX = 'PROCESSOR_ENV_';

/** The variables of the family with their full names, sorted. An empty value counts as not set. */
export function processorVariables(environment: NodeJS.ProcessEnv): [name: string, value: string][] {
  return Object.entries(environment)
    .filter(
      (entry): entry is [string, string] =>
        entry[0].startsWith(PREFIX) && entry[0] !== PREFIX && entry[1] !== undefined && entry[1] !== '',
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The variables as the module sees them, without the prefix. They may be secrets: never log them. */
export function processorEnvironment(environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return Object.fromEntries(
    processorVariables(environment).map(([name, value]) => [name.slice(PREFIX.length), value]),
  );
}
