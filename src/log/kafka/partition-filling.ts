/** The leader of a partition that has none now. */
export const NO_LEADER = -1;

/**
 * Chooses the partition that new keys go to, like the sticky partitioner of KIP-480: one at a time, so that the records of one
 * moment need one request. Each change takes the partition that got the fewest records, so that all get the same share.
 */
export class PartitionFilling {
  readonly #isIdle: (leader: number) => boolean;
  /** by partition */
  #leaders: readonly number[] = [];
  #brokers: readonly number[] = [];
  /** by partition: how many records it got */
  #filled: number[] = [];
  /** A partition that was passed over counts as filled up to here, so that it does not get more than the others later. */
  #level = 0;
  #current = 0;

  /** @param isIdle whether nothing is on its way to a broker */
  constructor(isIdle: (leader: number) => boolean) {
    this.#isIdle = isIdle;
  }

  /** How many partitions there are; 0 while they are unknown. */
  get partitions(): number {
    return this.#leaders.length;
  }

  /** The broker that leads a partition. */
  leader(partition: number): number {
    return this.#leaders[partition] ?? NO_LEADER;
  }

  /** @param leaders by partition */
  setLeaders(leaders: readonly number[]): void {
    const isFirst = this.#leaders.length === 0;
    this.#leaders = leaders;
    this.#brokers = [...new Set(leaders)].filter((leader) => leader !== NO_LEADER);
    this.#filled = leaders.map((_, partition) => this.#filled[partition] ?? this.#level);
    // Processes begin at different partitions.
    if (isFirst) this.#current = Math.floor(Math.random() * leaders.length);
  }

  /** The partition of the next record. It changes on the way if its leader is busy and another one is not. */
  take(): number {
    if (!this.#isIdle(this.leader(this.#current)) && this.#brokers.some(this.#isIdle)) this.#change();
    this.#filled[this.#current] = (this.#filled[this.#current] ?? 0) + 1;
    return this.#current;
  }

  /** The records for this broker are on their way. If it leads the current partition, the next records get another one. */
  sent(broker: number): void {
    if (this.leader(this.#current) === broker) this.#change();
  }

  #change(): void {
    const hasIdle = this.#brokers.some(this.#isIdle);
    let least: number | undefined;
    for (let step = 1; step <= this.partitions; step += 1) {
      const partition = (this.#current + step) % this.partitions;
      const leader = this.leader(partition);
      if (leader === NO_LEADER || (hasIdle && !this.#isIdle(leader))) continue;
      if (least === undefined || this.#levelOf(partition) < this.#levelOf(least)) least = partition;
    }
    if (least === undefined) return;
    this.#level = this.#filled[least] = this.#levelOf(least);
    this.#current = least;
  }

  #levelOf(partition: number): number {
    return Math.max(this.#filled[partition] ?? 0, this.#level);
  }
}
