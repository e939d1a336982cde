import { setTimeout as delay } from 'node:timers/promises';
import type { OrderToProcess, ProcessorAnswer, ProcessorContext } from '../../src/processing/processor-api.ts';
import { behaviourOf } from './merchants.ts';

/** The `PROCESSOR` of the services under the drill: what it does depends on the order and the clock alone. */
export async function process(
  { merchantId, createdAt }: OrderToProcess,
  { TransientError }: ProcessorContext,
): Promise<ProcessorAnswer> {
  const behaviour = behaviourOf(merchantId);
  switch (behaviour.kind) {
    case 'healthy':
      return { status: 'confirmed' };
    case 'rejected':
      return { status: 'rejected', reason: 'closed today' };
    case 'poison':
      throw new Error('this order can never be processed');
    case 'hopeless':
      throw new TransientError('the kitchen never answers');
    case 'transient':
      if (Date.now() < createdAt + behaviour.healedAfterMs) throw new TransientError('the kitchen is away');
      return { status: 'confirmed' };
    case 'slow':
      await delay(behaviour.workMs);
      return { status: 'confirmed' };
  }
}
