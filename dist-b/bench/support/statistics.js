/** The middle of the samples, which one slow round does not move. */
export function median(samples) {
    const sorted = [...samples].sort((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    const upper = sorted[middle];
    if (upper === undefined)
        throw new RangeError('There is no median of nothing.');
    return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
export function summarise(samples) {
    return { median: median(samples), min: Math.min(...samples), max: Math.max(...samples) };
}
export function format({ median: middle, min, max }, digits) {
    return `${middle.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
//# sourceMappingURL=statistics.js.map