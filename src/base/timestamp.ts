const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

/** Every month has these days; later ones need a check, because `Date.parse` turns 31 February into 3 March. */
const SHORTEST_MONTH = 28;

/** Parses an RFC 3339 timestamp into milliseconds since the epoch; undefined if it is invalid. */
export function parseTimestamp(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  const time = Date.parse(text);
  if (match === null || Number.isNaN(time)) return undefined;
  const day = Number(match[3]);
  if (day > SHORTEST_MONTH && day > daysInMonth(Number(match[1]), Number(match[2]))) return undefined;
  return time;
}

function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/**
 * Creates a formatter for RFC 3339 in UTC with milliseconds. It caches the last text, because many requests share a
 * millisecond and formatting costs as much as the rest of a response.
 */
export function createTimestampFormat(): (time: number) => string {
  let lastTime = Number.NaN;
  let lastText = '';
  return (time) => {
    if (time !== lastTime) {
      lastText = new Date(time).toISOString();
      lastTime = time;
    }
    return lastText;
  };
}
