import type { Producer } from 'node-rdkafka';
import { toError } from '../../base/errors.ts';
import { metadata, watermarks } from './client-calls.ts';
import { unavailableError } from './errors.ts';

/**
 * Asks for one partition after the other: each question occupies a thread of libuv's pool, and while no broker answers
 * they must not have all of them.
 * @param timeoutMs of each question
 * @throws ServiceError `log-unavailable`
 */
export async function topicEnds(client: Producer, topic: string, timeoutMs: number): Promise<number[]> {
  try {
    const { topics } = await metadata(client, { topic, timeout: timeoutMs });
    const partitions = topics.find(({ name }) => name === topic)?.partitions ?? [];
    const ends: number[] = [];
    for (const { id } of partitions) {
      const { highOffset } = await watermarks(client, { topic, partition: id }, timeoutMs);
      ends[id] = highOffset;
    }
    return ends;
  } catch (error) {
    throw unavailableError(`Kafka does not tell where ${topic} ends: ${toError(error).message}`, error);
  }
}
