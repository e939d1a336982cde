import { pause } from './abort.ts';
import type { Fault } from './fault.ts';
import { EVERYTHING, type FaultKind } from './fault-kinds.ts';
import type { PlannedFault } from './plan.ts';

/** Injects the planned faults and counts them by kind. */
export class Nemesis {
  readonly injected = new Map<FaultKind, number>();
  readonly #faults: ReadonlyMap<FaultKind, Fault>;
  readonly #stop: AbortController;
  readonly #signal: AbortSignal;
  /** target → its latest fault; these promises never reject */
  readonly #targets = new Map<string, Promise<void>>();
  #active = 0;

  /**
   * @param stop is aborted when a fault cannot be injected or repaired
   * @param signal ends all faults; none is injected afterwards
   */
  constructor(faults: readonly Fault[], stop: AbortController, signal: AbortSignal) {
    this.#faults = new Map(faults.map((fault) => [fault.kind, fault]));
    this.#stop = stop;
    this.#signal = signal;
  }

  get active(): number {
    return this.#active;
  }

  get total(): number {
    return [...this.injected.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Resolves when the last fault has ended. */
  async run(plan: readonly PlannedFault[]): Promise<void> {
    const startedAt = performance.now();
    for (const planned of plan) {
      await pause(planned.atMs - (performance.now() - startedAt), this.#signal);
      this.#targets.set(planned.target, this.#injectInTurn(planned, this.#before(planned.target)));
    }
    await Promise.all(this.#targets.values());
  }

  /** The faults that must be over before the next one of this target. */
  #before(target: string): Promise<void>[] {
    if (target === EVERYTHING) return [...this.#targets.values()];
    return [target, EVERYTHING].flatMap((one) => this.#targets.get(one) ?? []);
  }

  /** A target recovers from one fault before the next, however long that takes. */
  async #injectInTurn(planned: PlannedFault, before: Promise<void>[]): Promise<void> {
    await Promise.all(before);
    await this.#inject(planned);
  }

  async #inject(planned: PlannedFault): Promise<void> {
    const fault = this.#faults.get(planned.kind);
    if (fault === undefined || this.#signal.aborted) return;
    this.injected.set(planned.kind, (this.injected.get(planned.kind) ?? 0) + 1);
    this.#active += 1;
    try {
      await fault.inject(planned, this.#signal);
    } catch (error) {
      this.#stop.abort(error);
    } finally {
      this.#active -= 1;
    }
  }
}
