import type { Position } from './position.ts';

/** A record as it is read from the event log. */
export interface LogRecord extends Position {
  /** when the log took it, milliseconds since the epoch */
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
}
