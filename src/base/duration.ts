const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration such as `90d`, `12h`, `30m` or `45s` in milliseconds; undefined if it is not written like that. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  const unitMs = UNITS[unit];
  return count === undefined || unitMs === undefined ? undefined : Number(count) * unitMs;
}
