import type { Position } from './position.ts';

/** Record headers by name; unlike in Kafka, names are unique. */
export type RecordHeaders = Readonly<Record<string, string>>;

/** A record read from the event log. */
export interface LogRecord extends Position {
  /** when it was appended, milliseconds since the epoch */
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
  /** absent if the record has none */
  headers?: RecordHeaders | undefined;
}
