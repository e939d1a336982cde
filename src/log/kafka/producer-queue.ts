import type { LogFigures } from '../event-log.ts';

/** The queue of a producer, in the statistics that librdkafka sends as JSON; undefined if they have none. */
export function queueOf(statistics: string): LogFigures['producerQueue'] {
  const { msg_cnt: records, msg_size: bytes } = JSON.parse(statistics) as Record<string, unknown>;
  return typeof records === 'number' && typeof bytes === 'number' ? { records, bytes } : undefined;
}
