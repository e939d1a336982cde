const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:(\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

/** Every month has these days; later ones need a check, because `Date.parse` turns 31 February into 3 March. */
const SHORTEST_MONTH = 28;

const LEAP_SECOND = '60';
/** Where the seconds are in an RFC 3339 timestamp. */
const SECONDS_AT = 17;

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * Parses an RFC 3339 timestamp into milliseconds since the epoch; undefined if it is invalid. A leap second, which is 23:59:60 in
 * UTC, counts as the second after it, as in POSIX time.
 */
export function parseTimestamp(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, seconds] = match;
  if (Number(day) > SHORTEST_MONTH && Number(day) > daysInMonth(Number(year), Number(month)))
    return undefined;
  const time = seconds === LEAP_SECOND ? leapSecond(text) : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** NaN unless its minute is the last of a day in UTC. */
function leapSecond(text: string): number {
  const before = Date.parse(`${text.slice(0, SECONDS_AT)}59${text.slice(SECONDS_AT + 2)}`);
  const isLastMinute = before - Math.floor(before / DAY_MS) * DAY_MS >= DAY_MS - MINUTE_MS;
  return isLastMinute ? before + SECOND_MS : Number.NaN;
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
