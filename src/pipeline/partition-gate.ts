export interface Flow {
  pause(partitions: number[]): void;
  resume(partitions: number[]): void;
}

/** Answers for a partition whether a reason holds it. */
export type Concerns = (partition: number) => boolean;

/**
 * The partitions that this process has, and which of them are paused: those that at least one reason holds. Reasons
 * come and go by themselves; a partition that comes while a reason holds it is paused from the start.
 */
export class PartitionGate {
  readonly #flow: Flow;
  readonly #isPaused = new Map<number, boolean>();
  readonly #reasons = new Map<string, Concerns>();

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  get partitions(): number[] {
    return [...this.#isPaused.keys()];
  }

  has(partition: number): boolean {
    return this.#isPaused.has(partition);
  }

  /** To be called before anything of the partitions is read. */
  add(partitions: Iterable<number>): void {
    for (const partition of partitions) this.#isPaused.set(partition, false);
    this.#pauseAndResume();
  }

  remove(partitions: Iterable<number>): void {
    for (const partition of partitions) this.#isPaused.delete(partition);
  }

  hold(reason: string, concerns: Concerns): void {
    this.#reasons.set(reason, concerns);
    this.#pauseAndResume();
  }

  letGo(reason: string): void {
    if (this.#reasons.delete(reason)) this.#pauseAndResume();
  }

  #pauseAndResume(): void {
    const toPause: number[] = [];
    const toResume: number[] = [];
    for (const [partition, isPaused] of this.#isPaused) {
      const isHeld = this.#isHeld(partition);
      if (isHeld === isPaused) continue;
      this.#isPaused.set(partition, isHeld);
      (isHeld ? toPause : toResume).push(partition);
    }
    if (toPause.length > 0) this.#flow.pause(toPause);
    if (toResume.length > 0) this.#flow.resume(toResume);
  }

  #isHeld(partition: number): boolean {
    return [...this.#reasons.values()].some((concerns) => concerns(partition));
  }
}
