import { waitUntil } from '../../../tools/support/wait-until.ts';
import type { AlertLog } from './alert-log.ts';
import type { Fault } from './faults.ts';
import type { World } from './world.ts';

const QUIET_DEADLINE_MS = 300_000;
const FIRING_DEADLINE_MS = 240_000;
const RESOLVED_DEADLINE_MS = 300_000;

export interface AlertResult {
  alert: string;
  fault: string;
  /** seconds from the beginning of the fault; undefined: it did not fire in time */
  firingAfter: number | undefined;
  /** seconds from the end of the fault; undefined: it did not end in time */
  resolvedAfter: number | undefined;
}

/** Injects the fault until its alerts fire, ends it, and waits until they are gone. @throws the reason of the signal */
export async function runFault(
  fault: Fault,
  world: World,
  log: AlertLog,
  signal: AbortSignal,
): Promise<AlertResult[]> {
  const { alerts, firesAfter = [] } = fault;
  const results = alerts.map((alert): AlertResult => ({
    alert,
    fault: fault.name,
    firingAfter: undefined,
    resolvedAfter: undefined,
  }));
  // An earlier fault may have made some of them fire.
  await waitUntil(() => !alerts.some((id) => log.isFiring(id)), { deadlineMs: QUIET_DEADLINE_MS, signal });
  const isOn = new AbortController();
  const beganAt = performance.now();
  const noteFiring = () => {
    for (const result of results) {
      if (log.isFiring(result.alert)) result.firingAfter ??= secondsSince(beganAt);
    }
  };
  const allFired = (ids: readonly string[]) => () => {
    noteFiring();
    return results.every(({ alert, firingAfter }) => firingAfter !== undefined || !ids.includes(alert));
  };
  const end = await fault.inject(world, isOn.signal);
  const during = alerts.filter((id) => !firesAfter.includes(id));
  try {
    await waitUntil(allFired(during), { deadlineMs: FIRING_DEADLINE_MS, signal });
  } finally {
    isOn.abort();
    await end();
  }
  const endedAt = performance.now();
  await waitUntil(allFired(firesAfter), { deadlineMs: FIRING_DEADLINE_MS, signal });
  const allResolved = () => {
    for (const result of results) {
      if (result.firingAfter === undefined || log.isFiring(result.alert)) result.resolvedAfter = undefined;
      else result.resolvedAfter ??= secondsSince(endedAt);
    }
    return results.every(
      ({ firingAfter, resolvedAfter }) => firingAfter === undefined || resolvedAfter !== undefined,
    );
  };
  await waitUntil(allResolved, { deadlineMs: RESOLVED_DEADLINE_MS, signal });
  return results;
}

function secondsSince(moment: number): number {
  return (performance.now() - moment) / 1000;
}
