import { CLOCK_STEPS_MS } from './fault-kinds.ts';
import type { TimeWindow } from './ledger.ts';

/** Clocks of the drill and of the services may differ by this much without a step. */
const TOLERANCE_MS = 5_000;

/**
 * When something really happened that a service stored with its own clock, which may have been stepped: a drill is much
 * shorter than a step, so only one step explains the time.
 * @param window the drill
 * @returns the time as it is if no step, or more than one, explains it
 */
export function realTime(at: number, { from, until }: TimeWindow): number {
  const times = [0, ...CLOCK_STEPS_MS]
    .map((stepMs) => at - stepMs)
    .filter((time) => time >= from - TOLERANCE_MS && time <= until + TOLERANCE_MS);
  const [time = at] = times;
  return times.length === 1 ? time : at;
}
