/** Variables of the machine, of Node and of its logger. They hold no secrets. */
const NEUTRAL = new Set([
  'PATH',
  'HOME',
  'TMPDIR',
  'TZ',
  'LANG',
  'LC_ALL',
  'TERM',
  'NO_COLOR',
  'FORCE_COLOR',
  'NODE_ENV',
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NODE_V8_COVERAGE',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]);

/** Where the `pg` driver finds the server, PGPASSFILE included; the password is part of the store's settings. */
const isConnection = (name: string) => name.startsWith('PG') && name !== 'PGPASSWORD';

/**
 * The environment of the worker threads, which run the processor module: what the machine and the driver need, and what
 * PROCESSOR_ENV_* passes on. So a module, or a package that it imports, cannot log or send the secrets of the service by accident.
 * It is no sandbox: the module runs with the rights of the process, and can read its files.
 */
export function threadEnvironment(
  environment: NodeJS.ProcessEnv,
  processorEnvironment: Readonly<Record<string, string>>,
): Record<string, string> {
  const passed = Object.entries(environment).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (NEUTRAL.has(entry[0]) || isConnection(entry[0])),
  );
  return { ...Object.fromEntries(passed), ...processorEnvironment };
}
