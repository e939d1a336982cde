/** Milliseconds since the Unix epoch. Passed in, so that tests control time. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();
