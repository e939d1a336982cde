const BUSY_MS = 1;
const IDLE_MS = 100;

/**
 * Asks librdkafka for delivery reports and events on the main thread: node-rdkafka has no way of telling that
 * survives (its background poll crashes the process). Often while reports are awaited, rarely otherwise.
 */
export class ReportPoll {
  readonly #poll: () => void;
  readonly #awaited: () => boolean;
  #timer: NodeJS.Timeout | undefined;
  #busy = false;

  constructor(poll: () => void, awaited: () => boolean) {
    this.#poll = poll;
    this.#awaited = awaited;
  }

  start(): void {
    this.#schedule(IDLE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A report is awaited now. */
  hurry(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#schedule(BUSY_MS);
  }

  #tick(): void {
    this.#poll();
    this.#busy = this.#awaited();
    this.#schedule(this.#busy ? BUSY_MS : IDLE_MS);
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tick(), ms);
  }
}
