import { setTimeout as delay } from 'node:timers/promises';
import type {
  OrderToProcess,
  ProcessorAnswer,
  ProcessorContext,
} from '../../src/processing/processor-api.ts';
import { behaviourOf, monotonicMs } from './behaviour.ts';

/** The `PROCESSOR` of the services under test: its answer depends on the order and the monotonic clock alone. */
export async function process(
  { merchantId }: OrderToProcess,
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
    case 'unavailable':
      throw new TransientError('the merchant never answers');
    case 'transient':
      if (monotonicMs() < behaviour.failsUntilMs) {
        throw new TransientError('the merchant does not answer yet');
      }
      return { status: 'confirmed' };
    case 'slow':
      await delay(behaviour.workMs);
      return { status: 'confirmed' };
    case 'killer':
      globalThis.process.kill(globalThis.process.pid, 'SIGKILL');
      throw new Error('SIGKILL ends the process before this line');
  }
}
