import type { FaultKind } from './fault-kinds.ts';
import type { PlannedFault } from './plan.ts';

/** One kind of fault, injected into a running cluster. */
export interface Fault {
  kind: FaultKind;
  /**
   * Breaks the target and repairs it after the planned time, or when the signal aborts. The target is repaired when
   * the promise settles, even if it rejects.
   */
  inject(fault: PlannedFault, signal: AbortSignal): Promise<void>;
}
