import kafka, { type LibrdKafkaError } from 'node-rdkafka';
import { type ErrorCode, ServiceError } from '../../base/errors.ts';

const CODE = kafka.CODES.ERRORS;

/**
 * node-rdkafka gives the errors of delivery reports and error events as text alone: librdkafka's description in
 * lower case, without its `Local: ` or `Broker: `.
 */
export const ERROR_TEXT = {
  allBrokersDown: 'all broker connections are down',
  fatal: 'fatal error',
} as const;

/** What a delivery report says of a record that is certainly not in the log; whatever is not here may be in it. */
const NOT_IN_THE_LOG: Partial<Record<string, ErrorCode>> = {
  'message size too large': 'record-too-large',
  'purged in queue': 'log-unavailable',
  'unknown topic': 'log-unavailable',
  'unknown partition': 'log-unavailable',
  'unknown topic or partition': 'log-unavailable',
  'topic authorization failed': 'log-unavailable',
  'cluster authorization failed': 'log-unavailable',
  'not enough in-sync replicas': 'log-unavailable',
};

/** Of a record that librdkafka did not take. */
export function refusalError(error: LibrdKafkaError, topic: string): ServiceError {
  if (error.code === CODE.ERR_MSG_SIZE_TOO_LARGE) return tooLarge(topic, error);
  if (error.code === CODE.ERR__QUEUE_FULL) return fullError(error);
  return unavailableError(`Kafka takes nothing for topic ${topic}: ${error.message}`, error);
}

/** Of a record that was taken and then not acknowledged. */
export function deliveryError(error: LibrdKafkaError, topic: string): ServiceError {
  const code = NOT_IN_THE_LOG[error.message] ?? 'log-timeout';
  if (code === 'record-too-large') return tooLarge(topic, error);
  if (code === 'log-unavailable') {
    return unavailableError(`Kafka refused a record for topic ${topic}: ${error.message}`, error);
  }
  return unknownOutcomeError(
    `Kafka did not acknowledge a record for topic ${topic}: ${error.message}`,
    error,
  );
}

export function fullError(cause?: unknown): ServiceError {
  const detail = 'As many records wait for Kafka as may wait. Try again shortly.';
  return new ServiceError('log-full', detail, { cause });
}

export function unavailableError(detail: string, cause?: unknown): ServiceError {
  return new ServiceError('log-unavailable', detail, { cause });
}

export function unknownOutcomeError(detail: string, cause?: unknown): ServiceError {
  return new ServiceError('log-timeout', `${detail}. It may or may not be in the log.`, { cause });
}

export function settingsError(cause: Error): ServiceError {
  return new ServiceError('settings-invalid', `librdkafka does not take its settings: ${cause.message}`, {
    cause,
  });
}

/** What no reconnecting heals: the consumer would only wait in vain. */
export function endsConsumer(error: LibrdKafkaError): boolean {
  return ENDS_CONSUMER.has(error.code);
}

const ENDS_CONSUMER = new Set([
  CODE.ERR__FATAL,
  CODE.ERR__STATE,
  CODE.ERR__AUTHENTICATION,
  CODE.ERR_TOPIC_AUTHORIZATION_FAILED,
  CODE.ERR_GROUP_AUTHORIZATION_FAILED,
  CODE.ERR_CLUSTER_AUTHORIZATION_FAILED,
]);

/** What librdkafka answers when it cannot even make a client. */
export function isStateError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === CODE.ERR__STATE;
}

export function isAssignment(error: LibrdKafkaError): boolean {
  return error.code === CODE.ERR__ASSIGN_PARTITIONS;
}

function tooLarge(topic: string, cause: unknown): ServiceError {
  return new ServiceError('record-too-large', `The record is larger than topic ${topic} takes.`, { cause });
}
