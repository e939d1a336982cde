/** Shown for unknown values. */
const UNKNOWN = '–';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** @param {number | null} value */
export function count(value) {
  return value === null ? UNKNOWN : whole.format(value);
}

/** @param {number} value */
export function rate(value) {
  return value < 100 ? tenths.format(value) : whole.format(value);
}

/** @param {number | null} ms */
export function duration(ms) {
  if (ms === null) return UNKNOWN;
  if (ms < 10) return `${tenths.format(ms)} ms`;
  if (ms < 1000) return `${whole.format(ms)} ms`;
  if (ms < 60_000) return `${tenths.format(ms / 1000)} s`;
  if (ms < 3_600_000) return `${whole.format(Math.floor(ms / 60_000))} min`;
  if (ms < 172_800_000) return `${tenths.format(ms / 3_600_000)} h`;
  return `${whole.format(Math.floor(ms / 86_400_000))} days`;
}

/**
 * @param {number} minorUnits
 * @param {string} currency
 * @returns {string} empty if the currency or the amount is invalid
 */
export function money(minorUnits, currency) {
  try {
    const format = new Intl.NumberFormat('en', { style: 'currency', currency });
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
    return Number.isSafeInteger(minorUnits) ? format.format(minorUnits / 10 ** digits) : '';
  } catch {
    return '';
  }
}
