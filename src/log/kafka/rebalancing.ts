import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConsumer, LibrdKafkaError, TopicPartition } from 'node-rdkafka';
import { toError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { within } from '../../base/within.ts';
import type { ConsumerHandlers } from '../event-log.ts';
import type { Assignment } from './assignment.ts';
import { committedOffsets } from './client-calls.ts';
import { isAssignment } from './errors.ts';
import type { Pauses } from './pauses.ts';

const COMMITTED_TIMEOUT_MS = 3000;
const COMMITTED_RETRY_MS = 500;
/** RD_KAFKA_OFFSET_BEGINNING */
const OFFSET_BEGINNING = -2;

interface RebalancingOptions {
  client: KafkaConsumer;
  topic: string;
  handlers: ConsumerHandlers;
  assignment: Assignment;
  pauses: Pauses;
  /** resolves when all messages read so far are delivered */
  delivered: () => Promise<void>;
  /** called after an assignment, possibly empty, was answered */
  onAssigned: () => void;
  onFailed: (error: Error) => void;
  /** milliseconds */
  revokeTimeoutMs: number;
  logger: Logger;
}

/**
 * Cooperative rebalances. librdkafka announces one at a time and waits for the answer (incrementalAssign or
 * incrementalUnassign); the other partitions continue meanwhile. node-rdkafka does not distinguish lost from revoked
 * partitions, so both get time to finish; the group rejects commits for lost ones.
 */
export class Rebalancing {
  readonly #options: RebalancingOptions;
  #steps: Promise<void> = Promise.resolve();
  #unanswered: { error: LibrdKafkaError; partitions: TopicPartition[] } | undefined;
  #state: 'member' | 'leaving' | 'left' = 'member';

  constructor(options: RebalancingOptions) {
    this.#options = options;
  }

  /** librdkafka's rebalance callback. */
  handle(error: LibrdKafkaError, partitions: TopicPartition[]): void {
    this.#unanswered = { error, partitions };
    if (this.#state === 'left') this.#answer(partitions);
    if (this.#state !== 'member') return;
    const numbers = partitions.map(({ partition }) => partition);
    const step = isAssignment(error) ? this.#assign(numbers) : this.#revoke(numbers);
    this.#steps = step.catch((error: unknown) => this.#options.onFailed(toError(error)));
  }

  /** Revokes all partitions and waits for the handler. Later rebalances are answered at once. */
  async leave(): Promise<void> {
    this.#state = 'leaving';
    const { assignment, pauses, revokeTimeoutMs } = this.#options;
    const staying = assignment.staying;
    assignment.leave(staying);
    pauses.drop(staying);
    await within(this.#steps, revokeTimeoutMs);
    await this.#finish(staying);
    assignment.clear();
    this.#state = 'left';
    if (this.#unanswered !== undefined) this.#answer(this.#unanswered.partitions);
  }

  async #assign(partitions: number[]): Promise<void> {
    const { topic, handlers, assignment, pauses, delivered, onAssigned } = this.#options;
    // librdkafka keeps a pause beyond the assignment, so undo it. The handler may pause again from here on.
    pauses.resume(partitions);
    const committed = await this.#committed(partitions);
    if (committed === undefined) return;
    const start = await handlers.onAssigned(committed);
    // Wait until messages of an earlier assignment of these partitions, which may be in flight, are dropped.
    await delivered();
    if (this.#state !== 'member') return this.#finish(partitions);
    const assigned = partitions.map((partition) => {
      const from = start.get(partition) ?? committed.get(partition) ?? 'earliest';
      const next = from === 'earliest' ? undefined : from;
      assignment.set(partition, { done: committed.get(partition) ?? next, next });
      return { topic, partition, offset: from === 'earliest' ? OFFSET_BEGINNING : from };
    });
    this.#answer(assigned);
    onAssigned();
  }

  async #revoke(partitions: number[]): Promise<void> {
    const { topic, assignment, pauses } = this.#options;
    assignment.leave(partitions);
    pauses.drop(partitions);
    await this.#finish(partitions);
    if (this.#state !== 'member') return;
    assignment.remove(partitions);
    this.#answer(partitions.map((partition) => ({ topic, partition })));
  }

  #answer(partitions: TopicPartition[]): void {
    const { client } = this.#options;
    const isAssigning = this.#unanswered !== undefined && isAssignment(this.#unanswered.error);
    this.#unanswered = undefined;
    if (this.#state === 'left') this.#answerWhileClosing(partitions, isAssigning);
    else if (isAssigning) client.incrementalAssign(partitions);
    else client.incrementalUnassign(partitions);
  }

  /**
   * node-rdkafka refuses to assign once the client is closing. librdkafka then takes any answer as an unassignment, and does not
   * close without one.
   */
  #answerWhileClosing(partitions: TopicPartition[], isAssigning: boolean): void {
    const { client, logger } = this.#options;
    const answers = [
      ...(isAssigning ? [() => client.incrementalAssign(partitions)] : []),
      () => client.incrementalUnassign(partitions),
    ];
    for (const answer of answers) {
      try {
        answer();
        return;
      } catch (error) {
        logger.debug({ error }, 'A Kafka consumer that closes refused the answer to a rebalance.');
      }
    }
  }

  async #finish(partitions: number[]): Promise<void> {
    if (partitions.length === 0) return;
    const { handlers, logger, onFailed, revokeTimeoutMs } = this.#options;
    const finished = await within(handlers.onRevoked(partitions), revokeTimeoutMs).catch((error: unknown) => {
      onFailed(toError(error));
      return false;
    });
    if (!finished) {
      logger.warn(
        { partitions },
        'Partitions were revoked before their work was finished; the next owner repeats it.',
      );
    }
  }

  /** Retries until the group answers, because reading cannot start without its offsets. Undefined after `leave`. */
  async #committed(partitions: number[]): Promise<Map<number, number | undefined> | undefined> {
    const { client, topic, logger } = this.#options;
    const wanted = partitions.map((partition) => ({ topic, partition }));
    while (this.#state === 'member') {
      try {
        const offsets = await committedOffsets(client, wanted, COMMITTED_TIMEOUT_MS);
        return new Map(offsets.map(({ partition = -1, offset }) => [partition, offset]));
      } catch (error) {
        const { message } = toError(error);
        logger.warn({ error: message, partitions }, 'Reading the committed offsets failed; retrying.');
        await delay(COMMITTED_RETRY_MS);
      }
    }
    return undefined;
  }
}
