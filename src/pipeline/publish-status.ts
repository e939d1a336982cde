import { decodeRecordFrame } from '../base/record-frame.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { HistoryFeed } from '../status/history-feed.ts';
import { appendFrame } from './append-frame.ts';

/**
 * Makes the status events of a frame known; resolves when that is certain. Called again with the same frame after a
 * failure.
 */
export type PublishStatuses = (statuses: ArrayBuffer) => Promise<void>;

/** To `orders.status`, where every replica reads them. */
export function publishToLog(log: EventLog): PublishStatuses {
  return (statuses) => appendFrame(log, TOPICS.status, statuses);
}

/**
 * Straight to the watchers of this process, where it is the only one: the store's history has every change already,
 * so a second copy in the embedded log would add nothing.
 */
export function publishToFeed(feed: HistoryFeed): PublishStatuses {
  return (statuses) => feed.publish(decodeRecordFrame(statuses));
}
