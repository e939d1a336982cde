import { Type } from 'typebox';

/** For the documentation; what counts is `preferredWait`. */
export const PreferHeader = {
  prefer: Type.Optional(
    Type.String({ description: 'RFC 7240; `wait=N` waits for the processed order', examples: ['wait=5'] }),
  ),
};

/** No caller waits longer, whatever it prefers; seconds. */
const MAX_WAIT_SECONDS = 30;

/** A longer header is no preference of anybody's. */
const MAX_HEADER_LENGTH = 256;

/** Preferences between commas, where a comma in quotes is none. */
const PREFERENCE = /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g;
const WAIT = /^\s*wait\s*=\s*(?:(\d{1,9})|"(\d{1,9})")\s*(?:;.*)?$/i;

/**
 * The seconds of `Prefer: wait=N` (RFC 7240, section 4.3), at most 30; undefined without one. The first `wait` counts,
 * and what is no preference is passed over, as section 2 has it.
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
