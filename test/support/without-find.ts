import type { EventLog } from '../../src/log/event-log.ts';

/** The log as one that cannot look up keys, as Kafka. @param changes methods to replace */
export function withoutFind(log: EventLog, changes: Partial<EventLog> = {}): EventLog {
  return {
    progressName: (topic) => log.progressName(topic),
    start: () => log.start(),
    stop: () => log.stop(),
    append: (record) => log.append(record),
    consumer: (topic, handlers) => log.consumer(topic, handlers),
    follow: (topic, onRecords) => log.follow(topic, onRecords),
    identity: () => log.identity(),
    ranges: (topic) => log.ranges(topic),
    recordsAt: (topic, offsets) => log.recordsAt(topic, offsets),
    readinessProblem: () => log.readinessProblem(),
    pendingAppends: () => log.pendingAppends(),
    figures: () => log.figures(),
    ...changes,
  };
}
