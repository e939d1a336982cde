import type { OrderStatus } from '../../src/order/lifecycle.ts';

/** What a merchant does with every one of its orders; the ms count from the order's creation. */
export type Behaviour =
  | { kind: 'healthy' | 'rejected' | 'poison' | 'hopeless' }
  | { kind: 'transient'; healedAfterMs: number }
  | { kind: 'slow'; workMs: number };

export type OrderKind = Behaviour['kind'];

/** The status that an order of this kind has first, whatever happens around it. */
export const FIRST_STATUS: Readonly<Record<OrderKind, OrderStatus>> = {
  healthy: 'confirmed',
  slow: 'confirmed',
  transient: 'confirmed',
  rejected: 'rejected',
  poison: 'failed',
  hopeless: 'failed',
};

/** An order of these kinds gets its first status when the pipeline first meets it. */
export const NEVER_WAITS: ReadonlySet<OrderKind> = new Set<OrderKind>([
  'healthy',
  'slow',
  'rejected',
  'poison',
]);

/** Why an order of this kind is a dead letter, where it is one. */
export const DEAD_LETTER_REASON: Partial<Record<OrderKind, string>> = {
  poison: 'processor-failed',
  hopeless: 'retries-exhausted',
};

/** The behaviour is the merchant's name, so that no restart of anything changes it. */
export function merchantOf(behaviour: Behaviour): string {
  if (behaviour.kind === 'transient') return `transient-${behaviour.healedAfterMs}`;
  return behaviour.kind === 'slow' ? `slow-${behaviour.workMs}` : behaviour.kind;
}

export function behaviourOf(merchantId: string): Behaviour {
  const [kind = '', ms = ''] = merchantId.split('-');
  switch (kind) {
    case 'healthy':
    case 'rejected':
    case 'poison':
    case 'hopeless':
      return { kind };
    case 'transient':
      return { kind, healedAfterMs: Number(ms) };
    case 'slow':
      return { kind, workMs: Number(ms) };
    default:
      throw new Error(`No merchant of the drill is called ${merchantId}`);
  }
}
