import { setTimeout as delay } from 'node:timers/promises';
/** Looks at the condition until it holds. @throws Error when the deadline passes first */
export async function eventually(condition, { what, timeoutMs = 10_000 }) {
    const deadline = Date.now() + timeoutMs;
    while (!(await condition())) {
        if (Date.now() > deadline)
            throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`);
        await delay(5);
    }
}
//# sourceMappingURL=eventually.js.map