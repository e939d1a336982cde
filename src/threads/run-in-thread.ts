import type { Piscina } from 'piscina';
import { ServiceError, toError } from '../base/errors.ts';
import { recordCount } from '../base/record-frame.ts';
import { PROCESSOR_CONCURRENCY } from '../processing/processor-calls.ts';
import type { ThreadRequest, ThreadResponse, ThreadTask } from './protocol.ts';
import { createThreadActivity, hadOthers, wasInsideStore, type ThreadActivity } from './thread-activity.ts';

export interface ThreadRun {
  request: ThreadRequest;
  transferList: ArrayBuffer[];
  /** orders with a detached call in a thread of the pool */
  detachedCalls: ReadonlySet<string>;
  processorTimeoutMs: number;
  /** maximum milliseconds of a task outside the processor */
  storeTimeMs: number;
  /** orders of the largest task that the thread may have to finish first; undefined if it runs one task at a time */
  ordersBefore: number | undefined;
}

/**
 * Runs a request in the thread of a Piscina, which it ends at the deadline of the request.
 * @throws ServiceError `worker-failed`, `store-unavailable` or `calls-lost` if the thread crashed or exceeded the deadline
 */
export async function runInThread(
  piscina: Piscina<ThreadTask, ThreadResponse>,
  run: ThreadRun,
): Promise<ThreadResponse> {
  const { request, transferList, detachedCalls } = run;
  // A blocked thread cannot enforce its own deadline, so this thread ends it.
  let ending: Promise<unknown> | undefined;
  const timer = setTimeout(() => {
    ending = Promise.all(piscina.threads.map((thread) => thread.terminate()));
  }, deadlineMs(run));
  const activity = createThreadActivity();
  try {
    return await piscina.run({ request, activity, detachedCalls }, { transferList });
  } catch (error) {
    throw threadEnded(error, activity);
  } finally {
    clearTimeout(timer);
    await ending;
  }
}

/**
 * Longer than any request takes if its processor calls end within their timeout. In the first round, detached calls
 * of an earlier batch may hold slots.
 */
function deadlineMs({ request, ordersBefore, processorTimeoutMs, storeTimeMs }: ThreadRun): number {
  const taskMs = (orders: number) => {
    const rounds = Math.ceil(orders / PROCESSOR_CONCURRENCY) + 2;
    return rounds * processorTimeoutMs + storeTimeMs;
  };
  return taskMs(ordersIn(request)) + (ordersBefore === undefined ? 0 : taskMs(ordersBefore));
}

export function ordersIn(request: ThreadRequest): number {
  if (request.kind === 'batch') return recordCount(request.frame);
  return request.kind === 'retry' ? request.limit : 0;
}

/**
 * A thread that ended inside the store is a failure of the store; one that ended outside it may have a poison order. If other
 * tasks or calls out of their batch went on, one of them may have ended it, wherever this task was.
 */
function threadEnded(cause: unknown, activity: ThreadActivity): ServiceError {
  const { message } = toError(cause);
  if (hadOthers(activity)) return new ServiceError('calls-lost', message, { cause });
  return wasInsideStore(activity)
    ? new ServiceError('store-unavailable', `The store did not answer a worker thread: ${message}`, { cause })
    : new ServiceError('worker-failed', message, { cause });
}
