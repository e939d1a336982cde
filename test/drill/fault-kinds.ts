export const LOG_KINDS = ['embedded', 'kafka'] as const;

export type LogKind = (typeof LOG_KINDS)[number];

export const STORE_KINDS = ['sqlite', 'postgres'] as const;

export type StoreKind = (typeof STORE_KINDS)[number];

export interface Mode {
  log: LogKind;
  store: StoreKind;
}

export const NODES: Readonly<Record<LogKind, readonly [string, ...string[]]>> = {
  embedded: ['all-1'],
  kafka: ['api-1', 'api-2', 'worker-1', 'worker-2'],
};

/** The target of a fault that needs all others to be over: nothing else is broken meanwhile. */
export const EVERYTHING = 'everything';

/** The consumer group's session timeout that the service sets. */
const SESSION_TIMEOUT_MS = 15_000;

interface FaultRow {
  /** how often the kind is in the deck; 0 where it does not apply */
  cards: (mode: Mode) => number;
  /** bounds of the time until the target is repaired */
  lastsMs: readonly [from: number, to: number];
  /** one of them is drawn */
  targets: (log: LogKind) => readonly [string, ...string[]];
  /** how often a drill has it at most */
  most?: number;
}

const always = (cards: number) => () => cards;
/** Only Kafka has consumer groups, and topics that an operator can grow. */
const onKafka = (cards: number) => (mode: Mode) => (mode.log === 'kafka' ? cards : 0);
/** Only the embedded log has a disk that can be filled, and files that can be replaced. */
const onEmbedded = (cards: number) => (mode: Mode) => (mode.log === 'embedded' ? cards : 0);

const anyNode = (log: LogKind) => NODES[log];
const only = (target: string) => (): readonly [string] => [target];

const FAULTS = {
  /** SIGKILL */
  kill: { cards: ({ log }) => (log === 'kafka' ? 3 : 2), lastsMs: [0, 3_000], targets: anyNode },
  /** SIGTERM, as in a deployment */
  restart: { cards: ({ log }) => (log === 'kafka' ? 2 : 1), lastsMs: [0, 3_000], targets: anyNode },
  /** SIGSTOP for some seconds */
  freeze: { cards: always(1), lastsMs: [1_000, 8_000], targets: anyNode },
  /** SIGSTOP until the consumer group has expelled the worker */
  zombie: {
    cards: onKafka(1),
    lastsMs: [SESSION_TIMEOUT_MS + 1_500, SESSION_TIMEOUT_MS + 4_000],
    targets: () => ['worker-1', 'worker-2'],
  },
  /** the wall clock of one process jumps by an hour or a day, and back */
  'step-clock': { cards: always(2), lastsMs: [2_000, 6_000], targets: anyNode },
  /** the processor's calls of some orders take seconds */
  'slow-calls': { cards: always(1), lastsMs: [14_000, 17_000], targets: only(EVERYTHING), most: 2 },
  /** the processor's call of one order kills the process, again after each start */
  'kill-in-call': {
    cards: always(1),
    // It lasts until the order is given up. With Kafka each death costs a session timeout; other faults go on meanwhile.
    lastsMs: [15_000, 20_000],
    targets: (log) => (log === 'kafka' ? ['killer'] : [EVERYTHING]),
    most: 1,
  },
  'kill-broker': { cards: onKafka(1), lastsMs: [0, 6_000], targets: only('broker') },
  /** an operator adds partitions to orders.commands and orders.status */
  'grow-topics': { cards: onKafka(1), lastsMs: [1_000, 2_000], targets: only('broker'), most: 3 },
  'lock-store': { cards: always(1), lastsMs: [5_000, 20_000], targets: only('store') },
  /** SQLite has no server to kill. */
  'kill-store': {
    cards: ({ store }) => (store === 'postgres' ? 1 : 0),
    lastsMs: [0, 6_000],
    targets: only('store'),
  },
  /** PostgreSQL exits when its disk is full, which `kill-store` covers. */
  'fill-store-disk': {
    cards: ({ store }) => (store === 'sqlite' ? 1 : 0),
    lastsMs: [3_000, 10_000],
    targets: only('store-disk'),
  },
  'fill-log-disk': { cards: onEmbedded(1), lastsMs: [3_000, 10_000], targets: only('log-disk') },
  /** fsync of the event log fails with EIO; then the process is killed */
  'fail-fsync': { cards: onEmbedded(1), lastsMs: [1_000, 4_000], targets: anyNode },
  /** log and store are replaced by an online backup that was taken some seconds before */
  'restore-backup': {
    cards: ({ log, store }) => (log === 'embedded' && store === 'sqlite' ? 1 : 0),
    lastsMs: [5_000, 9_000],
    targets: only(EVERYTHING),
    most: 2,
  },
  /** the log alone is replaced by an older copy; the service must refuse it; then the right log is put back */
  'older-log': { cards: onEmbedded(1), lastsMs: [3_000, 6_000], targets: only(EVERYTHING), most: 2 },
  /** the same, but the operator accepts the loss */
  'accept-loss': { cards: onEmbedded(1), lastsMs: [3_000, 6_000], targets: only(EVERYTHING), most: 1 },
  /** the database is replaced by an older copy; Kafka still has every record */
  'restore-database': {
    cards: ({ log, store }) => (log === 'kafka' && store === 'postgres' ? 1 : 0),
    lastsMs: [6_000, 12_000],
    targets: only(EVERYTHING),
    most: 1,
  },
} as const satisfies Record<string, FaultRow>;

export type FaultKind = keyof typeof FAULTS;

export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

export function faultRow(kind: FaultKind): FaultRow {
  return FAULTS[kind];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How far `step-clock` moves a clock. */
export const CLOCK_STEPS_MS = [HOUR_MS, -HOUR_MS, DAY_MS, -DAY_MS] as const;
