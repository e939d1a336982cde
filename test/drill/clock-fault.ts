import { pause } from './abort.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { Fault } from './fault.ts';

/** The wall clock of one process jumps, and jumps back. Monotonic time goes on. */
export function stepClockFault(nodes: ReadonlyMap<string, ClusterNode>): Fault {
  return {
    kind: 'step-clock',
    async inject({ target, durationMs, stepMs }, signal) {
      const clock = nodes.get(target)?.clock;
      await clock?.step(stepMs);
      try {
        await pause(durationMs, signal);
      } finally {
        await clock?.step(-stepMs);
      }
    },
  };
}
