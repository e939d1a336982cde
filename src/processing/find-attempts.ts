import type { OrderState } from '../order/decide.ts';
import type { DecodedRecord } from './decode-batch.ts';
import type { Attempt } from './outcome.ts';

/**
 * The orders that need a call of the processor, each once: orders that the store does not have, and `failed` orders whose
 * dead letter is replayed.
 * @param attemptOf the number of this attempt, from 1; undefined for an order that must wait
 */
export function findAttempts(
  records: readonly DecodedRecord[],
  orders: ReadonlyMap<string, OrderState>,
  attemptOf: (orderId: string) => number | undefined,
): Iterable<Attempt> {
  const attempts = new Map<string, Attempt>();
  for (const { command, position, replay } of records) {
    const { orderId } = command;
    if (command.kind !== 'place' || attempts.has(orderId)) continue;
    const known = orders.get(orderId);
    const isOpen = known === undefined || (replay !== undefined && known.status === 'failed');
    const attempt = isOpen ? attemptOf(orderId) : undefined;
    if (attempt !== undefined) attempts.set(orderId, { command, attempt, partition: position.partition });
  }
  return attempts.values();
}
