import { setMaxListeners } from 'node:events';

/** Faults, members and lines that may wait at a time; more would be a leak. */
const MAX_LISTENERS = 100;

/** A controller that is aborted with the signal as well. `AbortSignal.any` may be collected before its time on Node 20. */
export function abortedWith(signal: AbortSignal): AbortController {
  const controller = new AbortController();
  setMaxListeners(MAX_LISTENERS, controller.signal);
  if (signal.aborted) controller.abort(signal.reason);
  else signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true });
  return controller;
}
