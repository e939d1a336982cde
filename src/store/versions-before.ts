import type { Decision, OrderState } from '../order/decide.ts';

/** The version that an order was loaded with: one below its first change in the batch. */
export function versionsBefore({ changes }: Pick<Decision, 'changes'>): (state: OrderState) => number {
  const first = new Map<string, number>();
  for (const { orderId, version } of changes) if (!first.has(orderId)) first.set(orderId, version);
  return ({ id, version }) => (first.get(id) ?? version) - 1;
}
