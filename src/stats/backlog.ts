/** The end offsets of a topic at a time, by partition. */
interface Sample {
  /** on the monotonic clock */
  at: number;
  ends: readonly number[];
}

export interface BacklogFigures {
  records: number;
  /** age of the oldest record, milliseconds; 0 without records */
  oldestAgeMs: number;
  partitions: PartitionBacklog[];
}

export interface PartitionBacklog {
  partition: number;
  /** the next offset to append */
  end: number;
  /** the next offset to apply */
  progress: number;
  /** when the oldest record that is not applied was appended, on the monotonic clock; undefined if all are applied */
  oldestAt: number | undefined;
}

/** Above this, every second sample of the older half is dropped. */
const MAX_SAMPLES = 600;

/**
 * How many records of a topic are not applied yet, and how old the oldest is. Reading a record only for its age would cost
 * too much, so the age is interpolated between samples of the end offsets; its error is about the interval of the samples.
 * Records from before the first sample count as old as that sample.
 */
export class Backlog {
  #samples: Sample[] = [];

  get sampleCount(): number {
    return this.#samples.length;
  }

  /** @param ends partition → next offset to append @param applied partition → next offset to apply @param now monotonic */
  sample(ends: readonly number[], applied: readonly number[], now: number): BacklogFigures {
    this.#samples.push({ at: now, ends });
    this.#prune(applied);
    let records = 0;
    let oldestAgeMs = 0;
    const partitions: PartitionBacklog[] = [];
    for (const [partition, end] of ends.entries()) {
      const progress = applied[partition] ?? 0;
      const oldestAt = progress >= end ? undefined : this.#appendedAt(partition, progress);
      partitions.push({ partition, end, progress, oldestAt });
      if (oldestAt === undefined) continue;
      records += end - progress;
      oldestAgeMs = Math.max(oldestAgeMs, now - oldestAt);
    }
    return { records, oldestAgeMs, partitions };
  }

  /** When the record was appended, interpolated between the last sample without it and the first with it. */
  #appendedAt(partition: number, offset: number): number {
    const index = this.#samples.findIndex(({ ends }) => (ends[partition] ?? 0) > offset);
    const after = this.#samples[index];
    const before = this.#samples[index - 1];
    if (after === undefined || before === undefined) return after?.at ?? 0;
    const from = before.ends[partition] ?? 0;
    const share = (offset + 1 - from) / ((after.ends[partition] ?? 0) - from);
    return before.at + share * (after.at - before.at);
  }

  #prune(applied: readonly number[]): void {
    // Everything that the second sample saw is applied: the first one is not needed any more.
    while (this.#samples[1]?.ends.every((end, partition) => end <= (applied[partition] ?? 0)) === true) {
      this.#samples.shift();
    }
    if (this.#samples.length <= MAX_SAMPLES) return;
    const older = MAX_SAMPLES / 2;
    this.#samples = this.#samples.filter((_, index) => index >= older || index % 2 === 0);
  }
}
