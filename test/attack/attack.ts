import type { Tally } from './tally.ts';

/** What a hostile client does to the service. It runs in a process of its own. */
export interface Attack {
  name: string;
  /** one line for --help */
  does: string;
  /** a foreign program; without it the attack is skipped */
  needs?: Tool;
  /** Before the attack and not part of it: fills the service with ordinary orders. What it returns goes to `run`. */
  prepare?(scene: Scene): Promise<string>;
  /** Ends soon after the signal. A connection that the service cuts is no error. */
  run(scene: Scene, prepared: string): Promise<void>;
}

export interface Tool {
  program: string;
  /** how to get it */
  install: string;
}

export interface Scene {
  url: string;
  /** host:port */
  grpcAddress: string;
  /** see `Target` */
  hidesRoutes: boolean;
  /** how long the attack may last */
  seconds: number;
  /** aborts after `seconds`; preparing has a longer time limit of its own */
  signal: AbortSignal;
  tally: Tally;
}

/** Time to answer what was sent, after the attack's own. */
const ANSWER_MS = 10_000;

/** The same scene for requests that must be answered: what they cost shows only then. */
export function patient(scene: Scene): Scene {
  return { ...scene, signal: AbortSignal.timeout(scene.seconds * 1_000 + ANSWER_MS) };
}

/** A source address of a hostile client; the honest client has another one, so that limits per address tell them apart. */
export function hostileAddress(index = 0): string {
  return `127.0.66.${1 + (index % 250)}`;
}
