import { setTimeout as pause } from 'node:timers/promises';
/** Asks until the answer is yes (true) or the deadline has passed (false); rejects when the signal aborts. */
export async function waitUntil(condition, { deadlineMs, everyMs = 50, signal }) {
    const end = performance.now() + deadlineMs;
    for (;;) {
        signal?.throwIfAborted();
        if (await condition())
            return true;
        if (performance.now() >= end)
            return false;
        await pause(everyMs, undefined, { signal });
    }
}
//# sourceMappingURL=wait.js.map