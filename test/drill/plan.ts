import { Random } from './random.ts';

export const LOG_KINDS = ['embedded', 'kafka'] as const;

export type LogKind = (typeof LOG_KINDS)[number];

export const STORE_KINDS = ['sqlite', 'postgres'] as const;

export type StoreKind = (typeof STORE_KINDS)[number];

/**
 * `kill`: SIGKILL · `restart`: SIGTERM, as in a deployment · `freeze`: SIGSTOP for some seconds · `zombie`: SIGSTOP until
 * the consumer group has expelled the worker
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
  /** from the start of the load */
  atMs: number;
  /** until the target is repaired; a killed process is then restarted */
  durationMs: number;
  /** a service process, `broker`, `store`, `store-disk` or `log-disk` */
  target: string;
}

export const NODES: Readonly<Record<LogKind, readonly [string, ...string[]]>> = {
  embedded: ['all-1'],
  kafka: ['api-1', 'api-2', 'worker-1', 'worker-2'],
};

/** Only Kafka has consumer groups; only the embedded log has a disk that can be filled. A kind is listed as often as its weight. */
const OF_LOG: Readonly<Record<LogKind, readonly FaultKind[]>> = {
  embedded: ['kill', 'kill', 'restart', 'freeze', 'fill-log-disk'],
  kafka: ['kill', 'kill', 'kill', 'restart', 'restart', 'freeze', 'zombie', 'kill-broker'],
};

/** SQLite has no server to kill. PostgreSQL exits when its disk is full, which `kill-store` covers. */
const OF_STORE: Readonly<Record<StoreKind, readonly FaultKind[]>> = {
  sqlite: ['lock-store', 'fill-store-disk'],
  postgres: ['lock-store', 'kill-store'],
};

/** The consumer group's session timeout that the service sets. */
const SESSION_TIMEOUT_MS = 15_000;

const QUIET_START_MS = 2_000;
/** The least time between two faults of one target. */
const RECOVERY_MS = 3_000;

export interface FaultPlanOptions {
  seed: number;
  minutes: number;
  log: LogKind;
  store: StoreKind;
  /** kinds that do not apply to the log or the store are ignored */
  kinds?: readonly FaultKind[];
}

/**
 * The faults and their times; the options alone decide them. Kinds are dealt like cards from a shuffled deck, so that
 * every kind comes up. Faults of different targets may overlap, those of one target do not. All end within the minutes.
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
      target: drawTarget(kind, log, random),
    };
    if ((freeAt.get(fault.target) ?? 0) > atMs || atMs + fault.durationMs > endMs) {
      deck.unshift(kind);
      continue;
    }
    freeAt.set(fault.target, atMs + fault.durationMs + RECOVERY_MS);
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

function drawTarget(kind: FaultKind, log: LogKind, random: Random): string {
  switch (kind) {
    case 'kill':
    case 'restart':
    case 'freeze':
      return random.pick(NODES[log]);
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
