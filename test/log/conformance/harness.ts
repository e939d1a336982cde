import type { EventLog } from '../../../src/log/event-log.ts';

/** What an implementation provides to the conformance suite. */
export interface EventLogHarness {
  /**
   * A log that is not started. Logs of one space share topics and group, so opening a space again after `stop()` is
   * like a restart of the process. No two tests share a space.
   */
  open(options: OpenOptions): Promise<EventLog>;
  /** whether several logs may be open on one space at the same time, like several processes */
  severalMembers: boolean;
  /** tests that run in parallel; more than one if tests mostly wait */
  jobs: number;
}

export interface OpenOptions {
  /** of letters, digits and dashes: a prefix of topics and a group id, or the name of a folder */
  space: string;
  partitions: number;
}

/** The number that librdkafka's mock cluster gives a topic. */
export const PARTITIONS = 4;
