import type { Finding } from './findings.ts';
import type { ReadBack } from './read-back-types.ts';

/** Nothing waits any more when nothing is in the way, also of orders that nobody was told of. */
export function* checkStuck({
  isSettled,
  parked,
}: Pick<ReadBack, 'isSettled' | 'parked'>): Iterable<Finding> {
  if (!isSettled) yield { kind: 'stuck', detail: 'the processing had not come to its end in time' };
  for (const { orderId, attempts, events, isSettled: isRetried } of parked) {
    const state = isRetried ? 'was retried and is not published' : 'still waits for a retry';
    yield { kind: 'stuck', detail: `order ${orderId} ${state} (${attempts} attempts, ${events} events)` };
  }
}
