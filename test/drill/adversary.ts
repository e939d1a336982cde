import type { Fault } from './faults/fault.ts';
import { pause } from './pause.ts';
import type { FaultKind, PlannedFault } from './plan.ts';

/** Follows a plan of faults; what happened is counted by kind. */
export class Adversary {
  readonly injected = new Map<FaultKind, number>();
  readonly #faults: ReadonlyMap<FaultKind, Fault>;
  readonly #stop: AbortController;
  readonly #signal: AbortSignal;
  /** by victim: its latest fault, which never rejects */
  readonly #victims = new Map<string, Promise<void>>();
  #underWay = 0;

  /**
   * @param stop is aborted when a fault cannot be done or lifted
   * @param signal lifts all faults, and none begins after it
   */
  constructor(faults: readonly Fault[], stop: AbortController, signal: AbortSignal) {
    this.#faults = new Map(faults.map((fault) => [fault.kind, fault]));
    this.#stop = stop;
    this.#signal = signal;
  }

  get underWay(): number {
    return this.#underWay;
  }

  get total(): number {
    return [...this.injected.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Injects what is planned, in the order of the moments; resolves when the last fault is lifted. */
  async follow(plan: readonly PlannedFault[]): Promise<void> {
    const startedAt = performance.now();
    for (const planned of plan) {
      await pause(planned.atMs - (performance.now() - startedAt), this.#signal);
      this.#victims.set(planned.victim, this.#inTurn(planned));
    }
    await Promise.all(this.#victims.values());
  }

  /** A victim is hit again only after it is back, however long that took. */
  async #inTurn(planned: PlannedFault): Promise<void> {
    await this.#victims.get(planned.victim);
    await this.#inject(planned);
  }

  async #inject(planned: PlannedFault): Promise<void> {
    const fault = this.#faults.get(planned.kind);
    if (fault === undefined || this.#signal.aborted) return;
    this.injected.set(planned.kind, (this.injected.get(planned.kind) ?? 0) + 1);
    this.#underWay += 1;
    try {
      await fault.inject(planned, this.#signal);
    } catch (error) {
      this.#stop.abort(error);
    } finally {
      this.#underWay -= 1;
    }
  }
}
