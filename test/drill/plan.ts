import {
  CLOCK_STEPS_MS,
  EVERYTHING,
  FAULT_KINDS,
  faultRow,
  type FaultKind,
  type LogKind,
  type StoreKind,
} from './fault-kinds.ts';
import { Random } from './random.ts';

export interface PlannedFault {
  kind: FaultKind;
  /** from the start of the load */
  atMs: number;
  /** until the target is repaired; a killed process is then restarted */
  durationMs: number;
  /** a service process, `broker`, `store`, `store-disk`, `log-disk`, `killer` or `EVERYTHING` */
  target: string;
  /** how far the clock moves; 0 for other kinds */
  stepMs: number;
}

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
 * every kind comes up. Faults of different targets may overlap, those of one target do not, and nothing overlaps a fault
 * of `EVERYTHING`. All end within the minutes.
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
  const wanted = FAULT_KINDS.filter((kind) => kinds.includes(kind)).flatMap((kind) =>
    Array.from({ length: faultRow(kind).cards({ log, store }) }, () => kind),
  );
  const faults: PlannedFault[] = [];
  const freeAt = new Targets();
  let deck: FaultKind[] = [];
  for (let nextMs = QUIET_START_MS; nextMs < endMs; nextMs += random.integer(2_000, 7_000)) {
    if (deck.length === 0) deck = random.shuffled(wanted.filter((kind) => !isUsedUp(kind, faults)));
    const kind = deck.pop();
    if (kind === undefined) break;
    if (isUsedUp(kind, faults)) continue;
    const durationMs = random.integer(...faultRow(kind).lastsMs);
    const target = random.pick(faultRow(kind).targets(log));
    const stepMs = kind === 'step-clock' ? random.pick(CLOCK_STEPS_MS) : 0;
    const isFreeAt = freeAt.of(target);
    // Among many targets one is always busy, so a fault of all of them waits until they are free.
    const atMs = target === EVERYTHING ? Math.max(nextMs, isFreeAt) : nextMs;
    if (isFreeAt > atMs || atMs + durationMs > endMs) {
      deck.unshift(kind);
      continue;
    }
    nextMs = atMs;
    freeAt.occupy(target, atMs + durationMs + RECOVERY_MS);
    faults.push({ kind, atMs, durationMs, target, stepMs });
  }
  return faults;
}

function isUsedUp(kind: FaultKind, faults: readonly PlannedFault[]): boolean {
  const { most = Infinity } = faultRow(kind);
  return faults.filter((fault) => fault.kind === kind).length >= most;
}

/** When targets are free again, milliseconds from the start of the load. */
class Targets {
  readonly #freeAt = new Map<string, number>();

  of(target: string): number {
    if (target === EVERYTHING) return Math.max(0, ...this.#freeAt.values());
    return Math.max(this.#freeAt.get(target) ?? 0, this.#freeAt.get(EVERYTHING) ?? 0);
  }

  occupy(target: string, until: number): void {
    this.#freeAt.set(target, until);
  }
}
