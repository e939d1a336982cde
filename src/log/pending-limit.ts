import { TOPICS } from './event-log.ts';

/** One in so many. */
const RESERVED = 10;

/**
 * How many records may be pending for one of this topic to be taken: new commands leave room for what was made of those
 * before them. Were they to take it all, the pipeline could publish nothing, and the backlog would only grow.
 */
export function pendingLimit(topic: string, maxPending: number): number {
  return topic === TOPICS.commands ? maxPending - Math.floor(maxPending / RESERVED) : maxPending;
}
