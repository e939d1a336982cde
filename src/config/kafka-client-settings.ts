import type { Settings } from './settings.ts';

/** Families of settings: the part after KAFKA_ names a setting of librdkafka. */
export const KAFKA_FAMILIES = [
  {
    theme: 'Kafka',
    name: 'KAFKA_SASL_*',
    description:
      'Passed to librdkafka: KAFKA_SASL_USERNAME becomes sasl.username, KAFKA_SASL_MECHANISMS sasl.mechanisms.',
  },
  {
    theme: 'Kafka',
    name: 'KAFKA_SSL_*',
    description: 'Passed to librdkafka: KAFKA_SSL_CA_LOCATION becomes ssl.ca.location.',
  },
] as const;

export type KafkaClientSettings = Readonly<Record<string, string>>;

const FAMILY = /^KAFKA_(SASL|SSL)_./;

/** The variables of the environment that are passed to librdkafka unchanged. */
export function passedThrough(environment: NodeJS.ProcessEnv): [name: string, value: string][] {
  return Object.entries(environment)
    .filter(
      (entry): entry is [string, string] =>
        FAMILY.test(entry[0]) && entry[1] !== undefined && entry[1] !== '',
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * The connection settings under librdkafka's names: each `_` becomes a dot, because no such name contains a `_`.
 * https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md
 */
export function kafkaClientSettings(settings: Settings, environment: NodeJS.ProcessEnv): KafkaClientSettings {
  const passed = passedThrough(environment).map(
    ([name, value]) => [name.slice('KAFKA_'.length).toLowerCase().replaceAll('_', '.'), value] as const,
  );
  return {
    'bootstrap.servers': settings.KAFKA_BROKERS,
    'security.protocol': settings.KAFKA_SECURITY_PROTOCOL.toLowerCase(),
    ...Object.fromEntries(passed),
  };
}
