const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

/** Days that every month has; a later one is looked at twice, since `Date.parse` turns 31 February into 3 March. */
const SHORTEST_MONTH = 28;

/** The moment that an RFC 3339 timestamp names, in milliseconds since the epoch; undefined when it names none. */
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
 * Formats moments as RFC 3339 in UTC with milliseconds. Where many of them fall into one millisecond, the last text is
 * kept: it costs as much as the rest of an answer.
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
