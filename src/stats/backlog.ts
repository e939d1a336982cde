/** Where a topic ended at a moment, a partition each; milliseconds since the epoch. */
interface Sighting {
  at: number;
  ends: readonly number[];
}

export interface BacklogFigures {
  records: number;
  /** of the oldest record, milliseconds; 0 without any */
  oldestAgeMs: number;
}

/** Sightings that are kept; with more, every second one of the older half is forgotten. */
const MAX_SIGHTINGS = 600;

/**
 * How many records of a topic are not applied yet, and for how long the oldest has been waiting. The log does not tell
 * the age of a record without reading it, so it is found between the looks at the ends of the log: to about the time
 * between two looks. Of what was there before the first look only so much is known that it is older than that.
 */
export class Backlog {
  #sightings: Sighting[] = [];

  /** Looks that are kept in mind. */
  get sightings(): number {
    return this.#sightings.length;
  }

  /** @param ends the next offset to be appended of every partition @param applied the next offset to be applied of each */
  look(ends: readonly number[], applied: readonly number[], now: number): BacklogFigures {
    this.#sightings.push({ at: now, ends });
    this.#forget(applied);
    let records = 0;
    let oldestAgeMs = 0;
    for (const [partition, end] of ends.entries()) {
      const next = applied[partition] ?? 0;
      if (next >= end) continue;
      records += end - next;
      oldestAgeMs = Math.max(oldestAgeMs, now - this.#appendedAt(partition, next));
    }
    return { records, oldestAgeMs };
  }

  /** When the record was appended: between the last look that did not see it and the first that did. */
  #appendedAt(partition: number, offset: number): number {
    const index = this.#sightings.findIndex(({ ends }) => (ends[partition] ?? 0) > offset);
    const after = this.#sightings[index];
    const before = this.#sightings[index - 1];
    if (after === undefined || before === undefined) return after?.at ?? 0;
    const from = before.ends[partition] ?? 0;
    const share = (offset + 1 - from) / ((after.ends[partition] ?? 0) - from);
    return before.at + share * (after.at - before.at);
  }

  #forget(applied: readonly number[]): void {
    // All that the second one saw was applied: no record that waits lies before it.
    while (this.#sightings[1]?.ends.every((end, partition) => end <= (applied[partition] ?? 0)) === true) {
      this.#sightings.shift();
    }
    if (this.#sightings.length <= MAX_SIGHTINGS) return;
    const older = MAX_SIGHTINGS / 2;
    this.#sightings = this.#sightings.filter((_, index) => index >= older || index % 2 === 0);
  }
}
