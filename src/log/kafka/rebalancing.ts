import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConsumer, LibrdKafkaError, TopicPartition } from 'node-rdkafka';
import { toError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { ConsumerHandlers } from '../event-log.ts';
import type { Assignment } from './assignment.ts';
import { committedOffsets } from './client-calls.ts';
import { within } from '../../base/within.ts';
import { isAssignment } from './errors.ts';
import type { Pauses } from './pauses.ts';

const COMMITTED_TIMEOUT_MS = 3000;
const COMMITTED_RETRY_MS = 500;

export interface RebalancingParts {
  client: KafkaConsumer;
  topic: string;
  handlers: ConsumerHandlers;
  assignment: Assignment;
  pauses: Pauses;
  /** resolves when what was read before is handed on */
  readsHandedOn: () => Promise<void>;
  /** partitions, or none, were given to this member, and librdkafka knows */
  onAssigned: () => void;
  onFailed: (error: Error) => void;
  /** milliseconds a handler has for finishing what is in hand */
  revokeTimeoutMs: number;
  logger: Logger;
}

/**
 * Cooperative rebalances. librdkafka tells of one at a time and waits for the answer (incrementalAssign or
 * incrementalUnassign) while the partitions that stay go on being read. node-rdkafka does not tell a lost partition
 * from a revoked one: both get the time to finish; what a lost one commits is refused by the group.
 */
export class Rebalancing {
  readonly #parts: RebalancingParts;
  #steps: Promise<void> = Promise.resolve();
  #unanswered: { error: LibrdKafkaError; partitions: TopicPartition[] } | undefined;
  #state: 'member' | 'leaving' | 'left' = 'member';

  constructor(parts: RebalancingParts) {
    this.#parts = parts;
  }

  /** librdkafka's rebalance callback. */
  handle(error: LibrdKafkaError, partitions: TopicPartition[]): void {
    this.#unanswered = { error, partitions };
    if (this.#state === 'left') this.#answer(partitions);
    if (this.#state !== 'member') return;
    const numbers = partitions.map(({ partition }) => partition);
    const step = isAssignment(error) ? this.#assign(numbers) : this.#revoke(numbers);
    this.#steps = step.catch((error: unknown) => this.#parts.onFailed(toError(error)));
  }

  /** Gives up everything, awaiting the handler; what librdkafka still asks is answered at once from then on. */
  async leave(): Promise<void> {
    this.#state = 'leaving';
    const { assignment, pauses, revokeTimeoutMs } = this.#parts;
    const staying = assignment.staying;
    assignment.leave(staying);
    pauses.drop(staying);
    await within(this.#steps, revokeTimeoutMs);
    await this.#finish(staying);
    assignment.remove(assignment.partitions);
    this.#state = 'left';
    if (this.#unanswered !== undefined) this.#answer(this.#unanswered.partitions);
  }

  async #assign(partitions: number[]): Promise<void> {
    const { topic, handlers, assignment, pauses, readsHandedOn } = this.#parts;
    // In librdkafka a pause outlives the assignment; one that the handler asks for from here on is meant.
    pauses.resume(partitions);
    const committed = await this.#committed(partitions);
    if (committed === undefined) return;
    const start = await handlers.onAssigned(committed);
    // Records of these partitions from an earlier assignment may be on their way yet; let them be dropped first.
    await readsHandedOn();
    if (this.#state !== 'member') return this.#finish(partitions);
    const assigned = partitions.map((partition) => {
      const from = start.get(partition) ?? committed.get(partition) ?? 'earliest';
      assignment.add(partition, committed.get(partition) ?? (from === 'earliest' ? undefined : from));
      return { topic, partition, offset: from === 'earliest' ? OFFSET_BEGINNING : from };
    });
    this.#answer(assigned);
    this.#parts.onAssigned();
  }

  async #revoke(partitions: number[]): Promise<void> {
    const { assignment, pauses } = this.#parts;
    assignment.leave(partitions);
    pauses.drop(partitions);
    await this.#finish(partitions);
    if (this.#state !== 'member') return;
    assignment.remove(partitions);
    this.#answer(partitions.map((partition) => ({ topic: this.#parts.topic, partition })));
  }

  #answer(partitions: TopicPartition[]): void {
    const { client } = this.#parts;
    const assigning = this.#unanswered !== undefined && isAssignment(this.#unanswered.error);
    this.#unanswered = undefined;
    if (assigning) client.incrementalAssign(partitions);
    else client.incrementalUnassign(partitions);
  }

  async #finish(partitions: number[]): Promise<void> {
    if (partitions.length === 0) return;
    const { handlers, logger, onFailed, revokeTimeoutMs } = this.#parts;
    const finished = await within(handlers.onRevoked(partitions), revokeTimeoutMs).catch((error: unknown) => {
      onFailed(toError(error));
      return false;
    });
    if (!finished) logger.warn({ partitions }, 'Partitions go with work in hand; it is done again.');
  }

  /** Asks until the group answers, for without its offsets nothing can be read; undefined when we leave meanwhile. */
  async #committed(partitions: number[]): Promise<Map<number, number | undefined> | undefined> {
    const { client, topic, logger } = this.#parts;
    const wanted = partitions.map((partition) => ({ topic, partition }));
    while (this.#state === 'member') {
      try {
        const offsets = await committedOffsets(client, wanted, COMMITTED_TIMEOUT_MS);
        return new Map(offsets.map(({ partition = -1, offset }) => [partition, offset]));
      } catch (error) {
        logger.warn({ error: toError(error).message, partitions }, "The group's offsets cannot be read yet.");
        await delay(COMMITTED_RETRY_MS);
      }
    }
    return undefined;
  }
}

/** RD_KAFKA_OFFSET_BEGINNING */
const OFFSET_BEGINNING = -2;
