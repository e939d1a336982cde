import type { Position } from './position.ts';

/** Text by name, as Kafka's record headers; names are unique here. */
export type RecordHeaders = Readonly<Record<string, string>>;

/** A record as it is read from the event log. */
export interface LogRecord extends Position {
  /** when the log took it, milliseconds since the epoch */
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
  /** absent when the record has none */
  headers?: RecordHeaders | undefined;
}
