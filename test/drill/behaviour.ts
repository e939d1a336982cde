import type { OrderStatus } from '../../src/order/lifecycle.ts';

/** What the processor does with an order. Times count from the moment when the order is first sent. */
export type Behaviour =
  | { kind: 'healthy' | 'rejected' | 'poison' | 'unavailable' | 'killer' }
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
  killer: 'failed',
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
  killer: 'processor-failed',
};

/** What a merchant's id says; `transient` ends at a moment of the monotonic clock. */
export type MerchantBehaviour =
  Exclude<Behaviour, { kind: 'transient' }> | { kind: 'transient'; failsUntilMs: number };

/** Milliseconds of the machine's monotonic clock, which all its processes share and no step of the wall clock moves. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** The merchant's id carries the behaviour, so no restart can change it. @param sentAtMs monotonic */
export function merchantOf(behaviour: Behaviour, sentAtMs = monotonicMs()): string {
  if (behaviour.kind === 'transient') return `transient-${sentAtMs + behaviour.failsForMs}`;
  return behaviour.kind === 'slow' ? `slow-${behaviour.workMs}` : behaviour.kind;
}

/** @throws Error for a merchant that is not from the drill */
export function behaviourOf(merchantId: string): MerchantBehaviour {
  const [kind = '', ms = ''] = merchantId.split('-');
  switch (kind) {
    case 'healthy':
    case 'rejected':
    case 'poison':
    case 'unavailable':
    case 'killer':
      return { kind };
    case 'transient':
      return { kind, failsUntilMs: Number(ms) };
    case 'slow':
      return { kind, workMs: Number(ms) };
    default:
      throw new Error(`The drill has no merchant ${merchantId}`);
  }
}
