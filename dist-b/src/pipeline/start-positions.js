import { retryUntilDone } from "./retry.js";
/**
 * Where to read on from. The store's progress is the truth of what was applied; the group's committed offset trails
 * it and is the truth of what was published. The lower of the two loses neither an effect nor a status event, and
 * what lies between them is known as redelivered. A store without progress has seen nothing: it reads from the
 * earliest record, whatever the group had committed for another store.
 */
export async function startPositions(topic, committed, { reader, logger, signal }) {
    const positions = new Map();
    for (const [partition, committedOffset] of committed) {
        const applied = await retryUntilDone(() => reader.progress(topic, partition), {
            baseMs: 50,
            factor: 2,
            capMs: 2_000,
            signal,
            isRetryable: () => true,
            onRetry: (error, attempt) => logger.warn({ err: error, attempt }, 'the progress cannot be read'),
        });
        positions.set(partition, applied === undefined ? 'earliest' : Math.min(applied, committedOffset ?? applied));
    }
    return positions;
}
//# sourceMappingURL=start-positions.js.map