import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { StatusHub, StatusRecord } from '../status/status-hub.ts';

/** Makes status events known; resolves when that is certain. Called again with the same events after a failure. */
export type PublishStatuses = (statuses: readonly StatusRecord[]) => Promise<void>;

/** To `orders.status`, where every replica reads them. */
export function publishToLog(log: EventLog): PublishStatuses {
  return async (statuses) => {
    const appends = statuses.flatMap(({ key, value }) =>
      key === null || value === null
        ? []
        : [log.append({ topic: TOPICS.status, key: key.toString(), value })],
    );
    // All are awaited before one of them may fail the step: no append is left behind when it is tried again.
    const outcomes = await Promise.allSettled(appends);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
}

/**
 * Straight to the watchers of this process, where it is the only one: the store's history has every change already,
 * so a second copy in the embedded log would add nothing.
 */
export function publishToHub(hub: StatusHub): PublishStatuses {
  return (statuses) => {
    hub.publish(statuses);
    return Promise.resolve();
  };
}
