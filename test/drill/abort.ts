import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** Faults, nodes and clients that may listen to one signal; more would be a leak. */
const MAX_LISTENERS = 100;

/** A controller that also aborts when `signal` does. Node 20 may garbage-collect an `AbortSignal.any` too early. */
export function linkedController(signal: AbortSignal): AbortController {
  const controller = new AbortController();
  setMaxListeners(MAX_LISTENERS, controller.signal);
  if (signal.aborted) controller.abort(signal.reason);
  else signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true });
  return controller;
}

/** Waits; resolves early when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
