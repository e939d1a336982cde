import { Type } from 'typebox';

/** Documentation only; `preferredWait` reads the header. */
export const PreferHeader = {
  prefer: Type.Optional(
    Type.String({ description: '`wait=N` (RFC 7240) waits up to N seconds for the processed order' }),
  ),
};

const MAX_WAIT_SECONDS = 30;

/** A longer header is ignored: a hostile one could be slow to match. */
const MAX_HEADER_LENGTH = 256;

/** Preferences are separated by commas outside quotes. */
const PREFERENCE = /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g;
const WAIT = /^\s*wait\s*=\s*(?:(\d{1,9})|"(\d{1,9})")\s*(?:;.*)?$/i;

/**
 * The seconds of `Prefer: wait=N` (RFC 7240, section 4.3), at most 30; undefined without one. The first `wait` counts,
 * and malformed preferences are ignored, both as section 2 says.
 */
export function preferredWait(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  const text = String(header);
  if (text.length > MAX_HEADER_LENGTH) return undefined;
  for (const preference of text.match(PREFERENCE) ?? []) {
    const wait = WAIT.exec(preference);
    if (wait !== null) return Math.min(Number(wait[1] ?? wait[2]), MAX_WAIT_SECONDS);
  }
  return undefined;
}
