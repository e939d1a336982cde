import type { OutgoingRecord } from '../event-log.ts';
import { type Group, GroupCommit } from './group-commit.ts';
import { keyOfPartition, keyPartition } from './key-partition.ts';
import { PartitionFilling } from './partition-filling.ts';

/**
 * librdkafka sends a request for each partition. So the commands of one moment wait for each other, and new keys are made so that
 * they share a partition. See `GroupCommit` and `PartitionFilling`.
 */
export class CommandAppends {
  readonly #groups: GroupCommit;
  readonly #filling: PartitionFilling;

  /** @param send sends the record of a slot; its group must get `settle` */
  constructor(send: (slot: number, group: Group) => void) {
    this.#groups = new GroupCommit(send, (broker) => this.#filling.sent(broker));
    this.#filling = new PartitionFilling((broker) => this.#groups.isIdle(broker));
  }

  /** @param leaders the broker that leads each partition */
  setLeaders(leaders: readonly number[]): void {
    const isSame =
      leaders.length === this.#filling.partitions &&
      leaders.every((leader, partition) => leader === this.#filling.leader(partition));
    if (isSame) return;
    // The next record of a key may use another lane; it must not overtake earlier ones.
    this.#groups.sendAll();
    this.#filling.setLeaders(leaders);
  }

  /** See `EventLog.newKey`. */
  newKey(key: string): string {
    const { partitions } = this.#filling;
    return partitions === 0 ? key : (keyOfPartition(key, this.#filling.take(), partitions) ?? key);
  }

  add(slot: number, { key, partition }: OutgoingRecord): void {
    const { partitions } = this.#filling;
    const chosen = partition ?? (partitions === 0 ? 0 : keyPartition(Buffer.from(key ?? ''), partitions));
    this.#groups.add(slot, this.#filling.leader(chosen));
  }

  settle(group: Group): void {
    this.#groups.settle(group);
  }

  sendOverdue(): void {
    this.#groups.sendOverdue();
  }

  sendAll(): void {
    this.#groups.sendAll();
  }
}
