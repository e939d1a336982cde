import { decodeRecordFrame } from "../base/record-frame.js";
import { TOPICS } from "../log/event-log.js";
/** To `orders.status`, where every replica reads them. */
export function publishToLog(log) {
    return async (statuses) => {
        const appends = decodeRecordFrame(statuses).flatMap(({ key, value }) => key === null || value === null
            ? []
            : [log.append({ topic: TOPICS.status, key: key.toString(), value })]);
        // All are awaited before one of them may fail the step: no append is left behind when it is tried again.
        const outcomes = await Promise.allSettled(appends);
        const failed = outcomes.find((outcome) => outcome.status === 'rejected');
        if (failed !== undefined)
            throw failed.reason;
    };
}
/**
 * Straight to the watchers of this process, where it is the only one: the store's history has every change already,
 * so a second copy in the embedded log would add nothing.
 */
export function publishToHub(hub) {
    return (statuses) => {
        if (hub.watcherCount > 0)
            hub.publish(decodeRecordFrame(statuses));
        return Promise.resolve();
    };
}
//# sourceMappingURL=publish-status.js.map