import type {
  OrderToProcess,
  ProcessorAnswer,
  ProcessorContext,
} from '../../src/processing/processor-api.ts';
import { fateOf } from './failure-mix.ts';

/** Five in a hundred orders fail at their first attempt, one in a hundred for good. */
export function process(
  order: OrderToProcess,
  { attempt, TransientError }: ProcessorContext,
): ProcessorAnswer {
  const state = fateOf(order);
  if (state === 'permanent') throw new Error('no such dish');
  if (state === 'transient' && attempt === 1) throw new TransientError('the kitchen is away');
  return { status: 'confirmed' };
}
