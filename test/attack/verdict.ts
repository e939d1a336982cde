import type { Felt } from './phase.ts';

/** The figures of one attack. */
export interface Measured {
  quiet: Felt;
  attacked: Felt;
  requests: number;
  /** of all services, beyond what they use for the honest client alone */
  cpuMsPerRequest: number;
  /** of the largest service process */
  peakMiB: number;
  /** services that ended by themselves */
  exited: number;
  findings: string[];
}

export interface Limits {
  /** p99 under attack over quiet p99 */
  slowdown: number;
  /** ms; a p99 up to this is never too slow, because it can be noise of the machine */
  floorMs: number;
  cpuMsPerRequest: number;
  peakMiB: number;
}

export const LIMITS: Limits = { slowdown: 5, floorMs: 250, cpuMsPerRequest: 100, peakMiB: 512 };

/** Noise of a shared machine can be the reason of such a failure, so it must repeat. */
export function isOnlySlow(measured: Measured, limits: Limits = LIMITS): boolean {
  return failuresOf(measured, limits).length === slownessOf(measured, limits).length;
}

/** What the attack cost the honest client or the service that it must not cost; empty if it passed. */
export function failuresOf(measured: Measured, limits: Limits = LIMITS): string[] {
  const { attacked, requests, cpuMsPerRequest, peakMiB, exited, findings } = measured;
  return [
    ...findings,
    ...(exited === 0 ? [] : [`${exited} service process(es) ended`]),
    ...(requests > 0 ? [] : ['the attack sent nothing']),
    ...(attacked.requests > 0 ? [] : ['no honest request was answered']),
    ...(attacked.errors === 0 ? [] : [`${attacked.errors} honest errors (${errorsOf(attacked)})`]),
    ...slownessOf(measured, limits),
    ...(cpuMsPerRequest <= limits.cpuMsPerRequest
      ? []
      : [
          `a hostile request cost ${Math.round(cpuMsPerRequest)} ms of CPU, over ${limits.cpuMsPerRequest} ms`,
        ]),
    ...(peakMiB < limits.peakMiB
      ? []
      : [`RSS reached ${Math.round(peakMiB)} MiB, over ${limits.peakMiB} MiB`]),
  ];
}

function slownessOf({ quiet, attacked }: Measured, limits: Limits): string[] {
  return [
    ...tooSlow('p99', quiet.p99, attacked.p99, limits),
    ...tooSlow('event p99', quiet.eventP99, attacked.eventP99, limits),
  ];
}

function tooSlow(name: string, quiet: number | null, attacked: number | null, limits: Limits): string[] {
  const allowed = Math.max(limits.floorMs, limits.slowdown * (quiet ?? 0));
  if (attacked === null || attacked <= allowed) return [];
  return [`${name} was ${Math.round(attacked)} ms, over ${Math.round(allowed)} ms`];
}

function errorsOf({ errorsByKind }: Felt): string {
  const kinds = Object.entries(errorsByKind).sort(([, one], [, other]) => other - one);
  const shown = kinds.slice(0, 3).map(([kind, count]) => `${count} × ${kind}`);
  return [...shown, ...(kinds.length > 3 ? ['…'] : [])].join(', ');
}
