import { Random } from './random.ts';

export const LOG_KINDS = ['embedded', 'kafka'] as const;

export type LogKind = (typeof LOG_KINDS)[number];

export const STORE_KINDS = ['sqlite', 'postgres'] as const;

export type StoreKind = (typeof STORE_KINDS)[number];

/**
 * `kill`: SIGKILL · `restart`: SIGTERM, as a deployment does it · `freeze`: held still for some seconds · `zombie`: for so
 * long that the consumer group goes on without it
 */
export const FAULT_KINDS = [
  'kill',
  'restart',
  'freeze',
  'zombie',
  'kill-broker',
  'lock-store',
  'kill-store',
  'fill-store-disk',
  'fill-log-disk',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface PlannedFault {
  kind: FaultKind;
  /** since the beginning of the drill */
  atMs: number;
  /** until the fault is lifted; a process that was ended is started anew then */
  durationMs: number;
  /** what it hits: a service process, `broker`, `store`, `store-disk` or `log-disk` */
  victim: string;
}

export const SERVICES: Readonly<Record<LogKind, readonly [string, ...string[]]>> = {
  embedded: ['all-1'],
  kafka: ['api-1', 'api-2', 'worker-1', 'worker-2'],
};

/** Only a consumer group has sessions, and only a log in files of the service's own has a disk of its own. */
const OF_LOG: Readonly<Record<LogKind, readonly FaultKind[]>> = {
  embedded: ['kill', 'kill', 'restart', 'freeze', 'fill-log-disk'],
  kafka: ['kill', 'kill', 'kill', 'restart', 'restart', 'freeze', 'zombie', 'kill-broker'],
};

/** A file has no server that dies, and a server ends when its disk is full: that is its kill. */
const OF_STORE: Readonly<Record<StoreKind, readonly FaultKind[]>> = {
  sqlite: ['lock-store', 'fill-store-disk'],
  postgres: ['lock-store', 'kill-store'],
};

/** Of a consumer group, as the service sets it. */
const SESSION_TIMEOUT_MS = 15_000;

const QUIET_START_MS = 2_000;
/** For a victim to come back to its senses before it is hit again. */
const RECOVERY_MS = 3_000;

export interface FaultPlanOptions {
  seed: number;
  minutes: number;
  log: LogKind;
  store: StoreKind;
  /** the kinds to choose from; those that do not fit the log or the store are left out */
  kinds?: readonly FaultKind[];
}

/**
 * What goes wrong when, a function of its options alone. The kinds are dealt like cards, so that each comes up as
 * often as the others; faults of different victims overlap, those of one victim never do, and the last one is lifted
 * before the end.
 */
export function planFaults({
  seed,
  minutes,
  log,
  store,
  kinds = FAULT_KINDS,
}: FaultPlanOptions): PlannedFault[] {
  const random = new Random(seed);
  const endMs = minutes * 60_000;
  const wanted = [...OF_LOG[log], ...OF_STORE[store]].filter((kind) => kinds.includes(kind));
  const faults: PlannedFault[] = [];
  const freeAt = new Map<string, number>();
  let deck: FaultKind[] = [];
  for (let atMs = QUIET_START_MS; atMs < endMs && wanted.length > 0; atMs += random.integer(2_000, 7_000)) {
    if (deck.length === 0) deck = random.shuffled(wanted);
    const kind = deck.pop() ?? 'kill';
    const fault = {
      kind,
      atMs,
      durationMs: drawDuration(kind, random),
      victim: drawVictim(kind, log, random),
    };
    if ((freeAt.get(fault.victim) ?? 0) > atMs || atMs + fault.durationMs > endMs) {
      deck.unshift(kind);
      continue;
    }
    freeAt.set(fault.victim, atMs + fault.durationMs + RECOVERY_MS);
    faults.push(fault);
  }
  return faults;
}

function drawDuration(kind: FaultKind, random: Random): number {
  switch (kind) {
    case 'kill':
    case 'restart':
      return random.integer(0, 3_000);
    case 'freeze':
      return random.integer(1_000, 8_000);
    case 'zombie':
      return SESSION_TIMEOUT_MS + random.integer(1_500, 4_000);
    case 'kill-broker':
    case 'kill-store':
      return random.integer(0, 6_000);
    case 'lock-store':
      return random.integer(5_000, 20_000);
    case 'fill-store-disk':
    case 'fill-log-disk':
      return random.integer(3_000, 10_000);
  }
}

function drawVictim(kind: FaultKind, log: LogKind, random: Random): string {
  switch (kind) {
    case 'kill':
    case 'restart':
    case 'freeze':
      return random.pick(SERVICES[log]);
    case 'zombie':
      return random.pick(['worker-1', 'worker-2']);
    case 'kill-broker':
      return 'broker';
    case 'lock-store':
    case 'kill-store':
      return 'store';
    case 'fill-store-disk':
      return 'store-disk';
    case 'fill-log-disk':
      return 'log-disk';
  }
}
