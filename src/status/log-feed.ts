import { TOPICS, type EventLog, type Follower } from '../log/event-log.ts';
import type { StatusHub } from './status-hub.ts';

/**
 * Feeds the hub from `orders.status`, which every replica reads whole, from so many records before its end on.
 * @throws ServiceError `log-unavailable`
 */
export function startLogFeed(log: EventLog, hub: StatusHub, backlog: number): Promise<Follower> {
  return log.follow(TOPICS.status, (records) => hub.publish(records), {
    backlog,
    onStart: (positions) => {
      for (const [partition, offset] of positions) hub.beginAt(partition, offset);
    },
  });
}
