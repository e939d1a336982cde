import { decodeRecordFrame } from '../base/record-frame.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { StatusHub, StatusRecord } from '../status/status-hub.ts';

/**
 * Makes the status events of a frame known; resolves when that is certain. Called again with the same frame after a
 * failure.
 */
export type PublishStatuses = (statuses: ArrayBuffer) => Promise<void>;

/** To `orders.status`, where every replica reads them. */
export function publishToLog(log: EventLog): PublishStatuses {
  return async (statuses) => {
    const records = decodeRecordFrame(statuses);
    for (let from = 0; from < records.length; from += WINDOW) {
      await appendAll(log, records.slice(from, from + WINDOW));
    }
  };
}

/** Fewer than the fewest appends that a log may have pending, or a batch could never be published at once. */
const WINDOW = 500;

async function appendAll(log: EventLog, records: readonly StatusRecord[]): Promise<void> {
  const appends = records.flatMap(({ key, value }) =>
    key === null || value === null ? [] : [log.append({ topic: TOPICS.status, key: key.toString(), value })],
  );
  // All are awaited before one of them may fail the step: no append is left behind when it is tried again.
  const outcomes = await Promise.allSettled(appends);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/**
 * Straight to the watchers of this process, where it is the only one: the store's history has every change already,
 * so a second copy in the embedded log would add nothing.
 */
export function publishToHub(hub: StatusHub): PublishStatuses {
  return (statuses) => {
    if (hub.watcherCount > 0) hub.publish(decodeRecordFrame(statuses));
    return Promise.resolve();
  };
}
