import { workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { monotonicClock, systemClock } from '../base/clock.ts';
import { createServiceLogger } from '../base/logger.ts';
import { createEventCodec } from '../order/events.ts';
import { recordingLoneOrders } from '../processing/lone-orders.ts';
import { processBatch, type BatchDependencies } from '../processing/process-batch.ts';
import { confirmAll, loadProcessor } from '../processing/processor.ts';
import { retryOrders } from '../processing/retry-orders.ts';
import { openBatchStore } from '../store/open/open-store.ts';
import {
  openOnce,
  toThreadError,
  type ThreadRequest,
  type ThreadResponse,
  type ThreadResult,
  type ThreadSettings,
  type ThreadTask,
} from './protocol.ts';
import { insideStore, trackStore } from './thread-activity.ts';

/**
 * The entry of a worker thread. It has its own store connection and its own instance of the processor module, and never
 * touches the event log.
 */
const opened = openOnce(() => open(workerData as ThreadSettings));

export default async function handle({ request, activity }: ThreadTask): Promise<unknown> {
  try {
    const dependencies = await insideStore(activity, opened);
    const store = trackStore(dependencies.store, activity);
    return respond(await perform(request, { ...dependencies, store }));
  } catch (error) {
    return toThreadError(error);
  }
}

async function open(settings: ThreadSettings): Promise<BatchDependencies> {
  const { processor, processorTimeoutMs: timeoutMs, logLevel, rules } = settings;
  const logger = (await createServiceLogger(logLevel)).child({ module: 'processor' });
  const runProcessor =
    processor === undefined ? confirmAll : await loadProcessor(processor, { timeoutMs, logger });
  const store = await openBatchStore(settings.store, settings.writeLock);
  return { store, runProcessor, codec: createEventCodec(), clock: systemClock, monotonicClock, rules };
}

async function perform(request: ThreadRequest, dependencies: BatchDependencies): Promise<ThreadResult> {
  switch (request.kind) {
    case 'prepare':
      return undefined;
    case 'batch':
      return recordingLoneOrders(request.loneOrdersOf, dependencies, (recording) =>
        processBatch(request, recording),
      );
    case 'retry':
      return recordingLoneOrders(request.loneOrdersOf, dependencies, (recording) =>
        retryOrders(request, recording),
      );
    case 'claim':
      return dependencies.store.claim(request);
    case 'release':
    case 'forgive':
      await dependencies.store[request.kind](request);
      return undefined;
  }
}

/** Transfers the frames instead of copying them. */
function respond(result: ThreadResult): unknown {
  const response: ThreadResponse = { done: true, result };
  if (result === undefined || !('statuses' in result)) return response;
  const frames = [result.statuses, result.deadLetters];
  return move({ [transferableSymbol]: frames, [valueSymbol]: response });
}
