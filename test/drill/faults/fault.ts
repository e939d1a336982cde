import type { FaultKind, PlannedFault } from '../plan.ts';

/** One way of breaking things. */
export interface Fault {
  kind: FaultKind;
  /**
   * Breaks the victim, and mends it after the planned time or when the signal is aborted: it is whole again when this
   * resolves, also when it rejects.
   */
  inject(fault: PlannedFault, signal: AbortSignal): Promise<void>;
}
