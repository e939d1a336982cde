import kafka, { type LibrdKafkaError } from 'node-rdkafka';
import type { ErrorCode } from '../../base/error-table.ts';
import { ServiceError } from '../../base/errors.ts';
import { partitionUnknown } from '../event-log.ts';

const CODE = kafka.CODES.ERRORS;

/**
 * Errors in delivery reports and error events have only a text: librdkafka's description in lower case, without the prefix
 * `Local: ` or `Broker: `.
 */
export const ERROR_TEXT = {
  allBrokersDown: 'all broker connections are down',
  fatal: 'fatal error',
  unknownPartition: 'unknown partition',
} as const;

/** Delivery errors after which the record is certainly not in the log. After any other error it may be. */
const NOT_IN_THE_LOG: Partial<Record<string, ErrorCode>> = {
  'message size too large': 'record-too-large',
  'purged in queue': 'log-unavailable',
  'unknown topic': 'log-unavailable',
  [ERROR_TEXT.unknownPartition]: 'log-unavailable',
  'unknown topic or partition': 'log-unavailable',
  'topic authorization failed': 'log-unavailable',
  'cluster authorization failed': 'log-unavailable',
  'not enough in-sync replicas': 'log-unavailable',
  // The clock of this machine is wrong, and the topic takes times from clients (message.timestamp.type=CreateTime).
  'invalid timestamp': 'log-unavailable',
};

/** For a record that librdkafka did not accept. @param partition the one that the record asks for */
export function refusalError(error: LibrdKafkaError, topic: string, partition?: number): ServiceError {
  if (error.code === CODE.ERR__UNKNOWN_PARTITION && partition !== undefined)
    return partitionUnknown(topic, partition);
  if (error.code === CODE.ERR_MSG_SIZE_TOO_LARGE) return tooLargeError(topic, error);
  if (error.code === CODE.ERR__QUEUE_FULL) return fullError(error);
  return unavailableError(`Records for topic ${topic} cannot be sent to Kafka: ${error.message}`, error);
}

/** For a record that librdkafka accepted but the broker did not acknowledge. @param partition as for `refusalError` */
export function deliveryError(error: LibrdKafkaError, topic: string, partition?: number): ServiceError {
  if (error.message === ERROR_TEXT.unknownPartition && partition !== undefined)
    return partitionUnknown(topic, partition);
  const code = NOT_IN_THE_LOG[error.message] ?? 'log-timeout';
  if (code === 'record-too-large') return tooLargeError(topic, error);
  if (code === 'log-unavailable') {
    return unavailableError(`Kafka refused a record for topic ${topic}: ${error.message}`, error);
  }
  return unknownOutcomeError(
    `Kafka did not acknowledge a record for topic ${topic}: ${error.message}`,
    error,
  );
}

export function fullError(cause?: unknown): ServiceError {
  return new ServiceError('log-full', 'Too many records are waiting for Kafka. Try again in a moment.', {
    cause,
  });
}

export function unavailableError(detail: string, cause?: unknown): ServiceError {
  return new ServiceError('log-unavailable', detail, { cause });
}

export function unknownOutcomeError(detail: string, cause?: unknown): ServiceError {
  return new ServiceError('log-timeout', `${detail}. It may or may not be in the log.`, { cause });
}

export function settingsError(cause: Error): ServiceError {
  return new ServiceError('settings-invalid', `librdkafka rejects the settings: ${cause.message}`, { cause });
}

/** Whether the error is permanent, so that reconnecting does not help. */
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

/** Whether librdkafka could not create the client. */
export function isStateError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === CODE.ERR__STATE;
}

export function isAssignment(error: LibrdKafkaError): boolean {
  return error.code === CODE.ERR__ASSIGN_PARTITIONS;
}

function tooLargeError(topic: string, cause: unknown): ServiceError {
  const detail = `The record is larger than topic ${topic} accepts.`;
  return new ServiceError('record-too-large', detail, { cause });
}
