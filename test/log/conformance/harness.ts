import type { EventLog } from '../../../src/log/event-log.ts';

/** What an implementation brings to the conformance suite. */
export interface EventLogHarness {
  /**
   * A log that is not started. Logs of one space see the same topics and are members of the same group, so opening a
   * space again after `stop()` is what a restart of the process is; no two tests share a space.
   */
  open(options: OpenOptions): Promise<EventLog>;
  /** whether several logs may be open on one space at the same time, as several processes would be */
  severalMembers: boolean;
  /** tests that run side by side; more than one where a test mostly waits */
  jobs: number;
}

export interface OpenOptions {
  /** of letters, digits and dashes: a prefix of topics and a group id, or the name of a folder */
  space: string;
  partitions: number;
}

/** As many as librdkafka's mock cluster gives a topic. */
export const PARTITIONS = 4;
