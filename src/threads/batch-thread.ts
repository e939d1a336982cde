import { BroadcastChannel, parentPort, threadId, workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { monotonicClock, systemClock } from '../base/clock.ts';
import { createServiceLogger } from '../base/logger.ts';
import { createEventCodec } from '../order/events.ts';
import type { ThreadTracing } from '../processing/batch-trace.ts';
import { recordingIsolatedOrders } from '../processing/isolated-orders.ts';
import { processBatch, type BatchDependencies } from '../processing/process-batch.ts';
import { confirmAll, loadProcessor, type RunProcessor } from '../processing/processor.ts';
import { retryOrders } from '../processing/retry-orders.ts';
import type { BatchStore } from '../store/order-store.ts';
import { openBatchStore } from '../store/open/open-store.ts';
import { createTraceClock } from '../tracing/clock.ts';
import { TraceIds } from '../tracing/ids.ts';
import type { AnswerMessage } from './detached-calls.ts';
import {
  openOnce,
  toThreadError,
  type StopMessage,
  type StoreCall,
  type ThreadRequest,
  type ThreadResponse,
  type ThreadResult,
  type ThreadSettings,
  type ThreadTask,
} from './protocol.ts';
import { insideStore, trackStore } from './thread-activity.ts';
import { ThreadTasks } from './thread-tasks.ts';

/**
 * The entry of a worker thread. It has its own store connections and its own instance of the processor module, and never
 * touches the event log.
 */
const settings = takeSettings();
const tasks = new ThreadTasks();
const opened = openOnce(() => open(settings, tasks));

interface ThreadParts {
  dependencies: Omit<BatchDependencies, 'store'>;
  /** stores that no task is using; each running task has one of its own, because a connection has one transaction at a time */
  freeStores: BatchStore[];
}

export default function handle({ request, activity, detachedCalls }: ThreadTask): Promise<unknown> {
  const isPatient = 'patient' in request && request.patient === true;
  return tasks.run(activity, isPatient, async () => {
    const detached: string[] = [];
    const storeCalls: StoreCall[] = [];
    try {
      const { dependencies, freeStores } = await insideStore(activity, opened);
      const store = freeStores.pop() ?? (await insideStore(activity, () => openStore(settings)));
      const runPatiently = noting(detached, dependencies.runPatiently);
      const runProcessor = isPatient ? runPatiently : noting(detached, dependencies.runProcessor);
      const tracked = trackStore(store, activity, (operation, seconds) =>
        storeCalls.push({ operation, seconds }),
      );
      const own = { store: tracked, runProcessor, runPatiently, detachedCalls };
      const result = await perform(request, { ...dependencies, ...own }).finally(() =>
        freeStores.push(store),
      );
      return respond({ done: true, result, threadId, detached, storeCalls });
    } catch (error) {
      const response: ThreadResponse = { ...toThreadError(error), threadId, detached, storeCalls };
      return response;
    }
  });
}

/** @param detached gets the orders whose calls are detached */
function noting(detached: string[], run: RunProcessor): RunProcessor {
  return async (attempts) => {
    const outcomes = await run(attempts);
    for (const [orderId, { status }] of outcomes) if (status === 'unanswered') detached.push(orderId);
    return outcomes;
  };
}

/** Takes the settings out of `workerData`, where the processor module could read them, the password of the store included. */
function takeSettings(): ThreadSettings {
  const given = workerData as ThreadSettings;
  const taken = { ...given };
  for (const name of Object.keys(given)) Reflect.deleteProperty(given, name);
  return taken;
}

function openStore({ store, writeLock }: ThreadSettings): Promise<BatchStore> {
  return openBatchStore(store, writeLock);
}

async function open(settings: ThreadSettings, tasks: ThreadTasks): Promise<ThreadParts> {
  const { runProcessor, runPatiently } = await openProcessor(settings, tasks);
  const store = await openStore(settings);
  const { rules } = settings;
  const codec = createEventCodec();
  const tracing = settings.tracing ? threadTracing() : undefined;
  return {
    dependencies: { runProcessor, runPatiently, codec, clock: systemClock, monotonicClock, rules, tracing },
    freeStores: [store],
  };
}

function threadTracing(): ThreadTracing {
  const ids = new TraceIds();
  return { now: createTraceClock(), newSpanId: () => ids.spanId() };
}

async function openProcessor(
  settings: ThreadSettings,
  tasks: ThreadTasks,
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
      onDetached: () => tasks.callDetached(),
      onAnswer: (orderId, outcome) => {
        tasks.detachedCallEnded();
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
