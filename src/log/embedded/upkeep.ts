/**
 * Runs a step every interval, and again in the next turns for as long as it says that there is more to do, so that
 * other work of the thread comes in between.
 */
export class Upkeep {
  readonly #step: () => boolean;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(step: () => boolean, intervalMs: number) {
    this.#step = step;
    this.#intervalMs = intervalMs;
  }

  start(): void {
    this.#timer = setTimeout(() => this.#turn(), this.#intervalMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  #turn(): void {
    if (this.#step()) this.#immediate = setImmediate(() => this.#turn());
    else this.start();
  }
}
