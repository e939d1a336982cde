import { workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { systemClock } from '../base/clock.ts';
import { ServiceError, toError } from '../base/errors.ts';
import { createEventCodec } from '../order/events.ts';
import { openBatchStore } from '../store/open-store.ts';
import { processBatch, type BatchDependencies } from './process-batch.ts';
import { loadJudge } from './processor.ts';
import type { BatchResult, ThreadRequest, ThreadResponse, ThreadSettings } from './protocol.ts';

/**
 * The entry of a worker thread: it has a store connection and a processor of its own, and never touches the event
 * log. What it could not open is answered to every request: a thread that threw here would only be started again.
 */
const opening = open(workerData as ThreadSettings).catch((error: unknown) => toError(error));

export default async function handle(request: ThreadRequest): Promise<unknown> {
  try {
    const dependencies = await opening;
    if (dependencies instanceof Error) throw dependencies;
    if (request.kind === 'prepare') return { done: true, result: undefined } satisfies ThreadResponse;
    return transferred(await processBatch(request, dependencies));
  } catch (error) {
    return failure(error);
  }
}

async function open(settings: ThreadSettings): Promise<BatchDependencies> {
  const judge = await loadJudge(settings.processor);
  const store = await openBatchStore(settings.store, settings.writeTurn);
  return { store, judge, codec: createEventCodec(), clock: systemClock };
}

/** Hands the memory of the statuses over instead of copying it. */
function transferred(result: BatchResult): unknown {
  const response: ThreadResponse = { done: true, result };
  return move({ [transferableSymbol]: result.statuses, [valueSymbol]: response });
}

function failure(thrown: unknown): ThreadResponse {
  const { message, stack } = toError(thrown);
  const code = thrown instanceof ServiceError ? thrown.code : 'internal';
  return { done: false, code, message, stack };
}
