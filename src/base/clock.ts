/** Milliseconds since the Unix epoch, for moments that are stored or shown. It may step. Passed in, so that tests control time. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** Milliseconds since some moment in the past, for durations. It never steps, whatever happens to the wall clock. */
export type MonotonicClock = () => number;

export const monotonicClock: MonotonicClock = () => performance.now();
