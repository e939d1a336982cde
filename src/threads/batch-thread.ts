import { BroadcastChannel, parentPort, threadId, workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { monotonicClock, systemClock } from '../base/clock.ts';
import { createServiceLogger } from '../base/logger.ts';
import { createEventCodec } from '../order/events.ts';
import { recordingIsolatedOrders } from '../processing/isolated-orders.ts';
import { processBatch, type BatchDependencies } from '../processing/process-batch.ts';
import { confirmAll, loadProcessor } from '../processing/processor.ts';
import { retryOrders } from '../processing/retry-orders.ts';
import { openBatchStore } from '../store/open/open-store.ts';
import type { AnswerMessage } from './detached-calls.ts';
import { ThreadDetachedCalls } from './thread-detached-calls.ts';
import {
  openOnce,
  toThreadError,
  type StopMessage,
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
const settings = takeSettings();
const opened = openOnce(() => open(settings));

interface ThreadParts {
  dependencies: BatchDependencies;
  ownDetachedCalls: ThreadDetachedCalls;
}

export default async function handle({ request, activity, detachedCalls }: ThreadTask): Promise<unknown> {
  let ownDetachedCalls: ThreadDetachedCalls | undefined;
  try {
    const parts = await insideStore(activity, opened);
    const { dependencies } = parts;
    ownDetachedCalls = parts.ownDetachedCalls;
    ownDetachedCalls.taskBegan(activity);
    const store = trackStore(dependencies.store, activity);
    const isPatient = 'patient' in request && request.patient === true;
    const runProcessor = isPatient ? dependencies.runPatiently : dependencies.runProcessor;
    const result = await perform(request, { ...dependencies, store, runProcessor, detachedCalls });
    return respond({ done: true, result, threadId, detached: ownDetachedCalls.take() });
  } catch (error) {
    const response: ThreadResponse = {
      ...toThreadError(error),
      threadId,
      detached: ownDetachedCalls?.take() ?? [],
    };
    return response;
  }
}

/** Takes the settings out of `workerData`, where the processor module could read them, the password of the store included. */
function takeSettings(): ThreadSettings {
  const given = workerData as ThreadSettings;
  const taken = { ...given };
  for (const name of Object.keys(given)) Reflect.deleteProperty(given, name);
  return taken;
}

async function open(settings: ThreadSettings): Promise<ThreadParts> {
  const ownDetachedCalls = new ThreadDetachedCalls();
  const { runProcessor, runPatiently } = await openProcessor(settings, ownDetachedCalls);
  const store = await openBatchStore(settings.store, settings.writeLock);
  const { rules } = settings;
  return {
    dependencies: {
      store,
      runProcessor,
      runPatiently,
      codec: createEventCodec(),
      clock: systemClock,
      monotonicClock,
      rules,
    },
    ownDetachedCalls,
  };
}

async function openProcessor(
  settings: ThreadSettings,
  ownDetachedCalls: ThreadDetachedCalls,
): Promise<Pick<BatchDependencies, 'runProcessor' | 'runPatiently'>> {
  const { processor, processorTimeoutMs: timeoutMs, processorPatienceMs: maxPatienceMs } = settings;
  if (processor === undefined) return { runProcessor: confirmAll, runPatiently: confirmAll };
  const logger = (await createServiceLogger(settings.logLevel, { throttle: false })).child({
    module: 'processor',
  });
  const calls = await loadProcessor(
    processor,
    { timeoutMs, logger },
    {
      maxPatienceMs,
      onDetached: (orderId) => ownDetachedCalls.add(orderId),
      onAnswer: (orderId, outcome) => {
        ownDetachedCalls.ended();
        const message: AnswerMessage = { threadId, orderId, outcome };
        parentPort?.postMessage(message);
      },
    },
  );
  const stopChannel = new BroadcastChannel(settings.stopChannel);
  stopChannel.onmessage = ({ data }) => {
    calls.endPatientBatches();
    if ((data as StopMessage) === 'stop') calls.abortDetachedCalls();
  };
  stopChannel.unref();
  return {
    runProcessor: (attempts) => calls.run(attempts),
    runPatiently: (attempts) => calls.run(attempts, { isPatient: true }),
  };
}

async function perform(request: ThreadRequest, dependencies: BatchDependencies): Promise<ThreadResult> {
  switch (request.kind) {
    case 'prepare':
      return undefined;
    case 'batch':
      return recordingIsolatedOrders(request, dependencies, (recording) => processBatch(request, recording));
    case 'retry':
      return recordingIsolatedOrders(request, dependencies, (recording) => retryOrders(request, recording));
    case 'claim':
      return dependencies.store.claim(request);
    case 'release':
    case 'resetCrashCount':
      await dependencies.store[request.kind](request);
      return undefined;
  }
}

/** Transfers the frames instead of copying them. */
function respond(response: ThreadResponse & { done: true }): unknown {
  const { result } = response;
  if (result === undefined || !('statuses' in result)) return response;
  const frames = [result.statuses, result.deadLetters];
  return move({ [transferableSymbol]: frames, [valueSymbol]: response });
}
