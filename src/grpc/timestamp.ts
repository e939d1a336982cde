import { invalidField } from '../base/errors.ts';
import type { Timestamp__Output } from './generated/google/protobuf/Timestamp.ts';

const NANOS_A_MILLISECOND = 1_000_000;

/** The range of google.protobuf.Timestamp: 0001-01-01 and the last second of 9999. */
const FIRST_SECOND = -62_135_596_800;
const LAST_SECOND = 253_402_300_799;

/** @param time milliseconds since the epoch */
export function toTimestamp(time: number): Timestamp__Output {
  const seconds = Math.floor(time / 1000);
  return { seconds, nanos: (time - seconds * 1000) * NANOS_A_MILLISECOND };
}

/**
 * Milliseconds since the epoch, perhaps with a fraction; undefined without a timestamp.
 * @throws ServiceError `validation-failed`
 */
export function timeOf(timestamp: Timestamp__Output | null, pointer: string): number | undefined {
  if (timestamp === null) return undefined;
  const { seconds, nanos } = timestamp;
  if (seconds >= FIRST_SECOND && seconds <= LAST_SECOND && nanos >= 0 && nanos < 1_000_000_000) {
    return seconds * 1000 + nanos / NANOS_A_MILLISECOND;
  }
  throw invalidField(pointer, 'must be in the years 1 to 9999, with 0 to 999999999 nanos');
}
