import type { OrderStatus } from '../../src/order/lifecycle.ts';

/** What the processor does with an order. Times count from the order's creation. */
export type Behaviour =
  | { kind: 'healthy' | 'rejected' | 'poison' | 'unavailable' }
  | { kind: 'transient'; failsForMs: number }
  | { kind: 'slow'; workMs: number };

export type OrderKind = Behaviour['kind'];

/** The first status of an order of this kind, whatever faults are injected. */
export const FIRST_STATUS: Readonly<Record<OrderKind, OrderStatus>> = {
  healthy: 'confirmed',
  slow: 'confirmed',
  transient: 'confirmed',
  rejected: 'rejected',
  poison: 'failed',
  unavailable: 'failed',
};

/** Orders of these kinds get their first status without a retry. */
export const NEVER_RETRIED: ReadonlySet<OrderKind> = new Set<OrderKind>([
  'healthy',
  'slow',
  'rejected',
  'poison',
]);

/** Why an order of this kind becomes a dead letter, if it does. */
export const DEAD_LETTER_REASON: Partial<Record<OrderKind, string>> = {
  poison: 'processor-failed',
  unavailable: 'retries-exhausted',
};

/** The merchant's id carries the behaviour, so no restart can change it. */
export function merchantOf(behaviour: Behaviour): string {
  if (behaviour.kind === 'transient') return `transient-${behaviour.failsForMs}`;
  return behaviour.kind === 'slow' ? `slow-${behaviour.workMs}` : behaviour.kind;
}

/** @throws Error for a merchant that is not from the drill */
export function behaviourOf(merchantId: string): Behaviour {
  const [kind = '', ms = ''] = merchantId.split('-');
  switch (kind) {
    case 'healthy':
    case 'rejected':
    case 'poison':
    case 'unavailable':
      return { kind };
    case 'transient':
      return { kind, failsForMs: Number(ms) };
    case 'slow':
      return { kind, workMs: Number(ms) };
    default:
      throw new Error(`The drill has no merchant ${merchantId}`);
  }
}
