import { workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { systemClock } from '../base/clock.ts';
import { createEventCodec } from '../order/events.ts';
import { openBatchStore } from '../store/open/open-store.ts';
import { toThreadError } from './thread-error.ts';
import { processBatch, type BatchDependencies } from '../processing/process-batch.ts';
import { loadProcessor } from '../processing/processor.ts';
import type { BatchResult } from '../processing/batch.ts';
import type { ThreadRequest, ThreadResponse, ThreadSettings, ThreadTask } from './protocol.ts';
import { retryOrders } from '../processing/retry-orders.ts';
import { insideStore, TrackedStore } from './thread-activity.ts';

/**
 * The entry of a worker thread: it has a store connection and a processor of its own, and never touches the event
 * log. What it could not open is answered, and tried again with the next request: the store may be back by then.
 */
const opened = onceItWorks(() => open(workerData as ThreadSettings));

export default async function handle({ request, activity }: ThreadTask): Promise<unknown> {
  try {
    const dependencies = await insideStore(activity, opened);
    const store = new TrackedStore(dependencies.store, activity);
    return answer(await work(request, { ...dependencies, store }));
  } catch (error) {
    return toThreadError(error);
  }
}

/** Calls `open` until it has worked once, and answers what it then gave from there on. */
function onceItWorks<T>(open: () => Promise<T>): () => Promise<T> {
  let opening: Promise<T> | undefined;
  return () =>
    (opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    }));
}

async function open(settings: ThreadSettings): Promise<BatchDependencies> {
  const { processor, processorTimeoutMs, rules } = settings;
  const runProcessor = await loadProcessor(processor, processorTimeoutMs);
  const store = await openBatchStore(settings.store, settings.writeLock);
  return { store, runProcessor, codec: createEventCodec(), clock: systemClock, rules };
}

async function work(
  request: ThreadRequest,
  dependencies: BatchDependencies,
): Promise<BatchResult | undefined> {
  switch (request.kind) {
    case 'prepare':
      return undefined;
    case 'batch':
      return processBatch(request, dependencies);
    case 'retry':
      return retryOrders(request, dependencies);
  }
}

/** Hands the memory of the frames over instead of copying it. */
function answer(result: BatchResult | undefined): unknown {
  const response: ThreadResponse = { done: true, result };
  if (result === undefined) return response;
  const frames = [result.statuses, result.deadLetters];
  return move({ [transferableSymbol]: frames, [valueSymbol]: response });
}
