const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;
/** Days that every month has; a later one is looked at twice, since `Date.parse` turns 31 February into 3 March. */
const SHORTEST_MONTH = 28;
/** The moment that an RFC 3339 timestamp names, in milliseconds since the epoch; undefined when it names none. */
export function parseTimestamp(text) {
    const match = RFC_3339.exec(text);
    const time = Date.parse(text);
    if (match === null || Number.isNaN(time))
        return undefined;
    const day = Number(match[3]);
    if (day > SHORTEST_MONTH && day > daysInMonth(Number(match[1]), Number(match[2])))
        return undefined;
    return time;
}
function daysInMonth(year, month) {
    return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
//# sourceMappingURL=timestamp.js.map