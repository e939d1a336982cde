import type { MessageHeader } from 'node-rdkafka';
import type { RecordHeaders } from '../../base/log-record.ts';

/** node-rdkafka would cut a text off at its first NUL; that stands as U+FFFD in it instead. */
export function toKafkaHeaders(headers: RecordHeaders): MessageHeader[] {
  return Object.entries(headers).map(([name, value]) => ({ [withoutNul(name)]: withoutNul(value) }));
}

/** As UTF-8; of several of one name the last one counts. */
export function fromKafkaHeaders(headers: readonly MessageHeader[]): RecordHeaders | undefined {
  if (headers.length === 0) return undefined;
  const entries = headers.flatMap((header) => Object.entries(header));
  return Object.fromEntries(entries.map(([name, value]) => [name, value.toString()]));
}

function withoutNul(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}
