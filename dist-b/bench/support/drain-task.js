import { fork } from 'node:child_process';
import { once } from 'node:events';
import { pino } from 'pino';
/** The same for the one who fills the log and the one who drains it. */
export function logOptions(folder) {
    return {
        dataDirectory: folder,
        groupId: 'bench',
        partitions: 12,
        maxPendingRecords: 20_000,
        maxPendingBytes: 64 * 1024 * 1024,
        ackTimeoutMs: 30_000,
        retentionMs: 600_000,
        logger: pino({ level: 'warn' }),
    };
}
/** Runs one side of the comparison in a fresh process. */
export async function runDrain(module, task) {
    const child = fork(new URL(`./${module}.js`, import.meta.url));
    const exited = once(child, 'exit');
    const answer = Promise.race([
        once(child, 'message').then(([result]) => result),
        exited.then(([code]) => Promise.reject(new Error(`${module} ended with code ${String(code)}.`))),
    ]);
    child.send(task);
    const result = await answer;
    await exited;
    return result;
}
//# sourceMappingURL=drain-task.js.map