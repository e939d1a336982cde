import { SETTING_NAMES, settingSchema, type SettingName } from '../../src/config/settings.ts';

/** Settings that the chart derives from other values. The chart refuses them, because they could contradict those values. */
const SET_BY_CHART = new Set<SettingName>([
  'ROLE',
  'API_PROCESSES',
  'DATA_DIR',
  'SHUTDOWN_TIMEOUT_MS',
  'HOST',
  'PORT',
  'GRPC_PORT',
  'GRPC_TLS_CERT',
  'GRPC_TLS_KEY',
  'ADMIN_PORT',
  'TRUST_PROXY',
  'EVENT_LOG',
  'KAFKA_BROKERS',
  'KAFKA_GROUP_INSTANCE_ID',
  'KAFKA_PARTITIONS',
  'KAFKA_SECURITY_PROTOCOL',
  'DATABASE_URL',
  'DATABASE_PASSWORD_FILE',
  'WORKER_THREADS',
  'AUTH_ISSUER',
  'AUTH_AUDIENCE',
  'AUTH_JWKS_URL',
  'AUTH_API_KEYS',
  'ALLOW_ANONYMOUS',
  'ALLOWED_HOSTS',
  'REDIS_URL',
]);

/** Families of settings that are passed on to libraries and processor modules. */
const PASSED_ON = '^(KAFKA_SASL|KAFKA_SSL|PROCESSOR_ENV)_[A-Z0-9_]+$';

/** The schema of the value `settings` of the Helm chart: every setting that is not SET_BY_CHART, with its limits. */
export function settingsValueSchema(): unknown {
  const names = SETTING_NAMES.filter((name) => !SET_BY_CHART.has(name));
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(names.map((name) => [name, valueSchema(name)])),
    patternProperties: { [PASSED_ON]: { type: ['string', 'number', 'boolean'] } },
  };
}

/** @returns values.schema.json with the current settings */
export function withSettings(valuesSchema: string): string {
  const schema = JSON.parse(valuesSchema) as { properties: Record<string, unknown> };
  schema.properties.settings = settingsValueSchema();
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function valueSchema(name: SettingName): unknown {
  const { type, minimum, maximum, pattern, enum: choices } = settingSchema(name);
  if (type === 'integer') return { type, minimum, maximum };
  // YAML reads an unquoted true as a boolean.
  if (choices?.includes('true') === true) return { enum: [true, false, ...choices] };
  return choices === undefined ? { type, pattern } : { enum: choices };
}
