import type { NewOrder } from '../../src/order/order.ts';
import type {
  OrderToProcess,
  ProcessorAnswer,
  ProcessorContext,
} from '../../src/processing/processor-api.ts';

/** Fails 5 % of the orders at their first attempt and 1 % for good. */
export function process(
  order: OrderToProcess,
  { attempt, TransientError }: ProcessorContext,
): ProcessorAnswer {
  const fate = fateOf(order);
  if (fate === 'permanent') throw new Error('no such dish');
  if (fate === 'transient' && attempt === 1) throw new TransientError('the merchant does not answer');
  return { status: 'confirmed' };
}

/** The merchant's number alone decides. */
export function fateOf({ merchantId }: Pick<NewOrder, 'merchantId'>): 'healthy' | 'transient' | 'permanent' {
  const percentile = Number(merchantId.slice(2)) % 100;
  if (percentile < 5) return 'transient';
  return percentile === 5 ? 'permanent' : 'healthy';
}
