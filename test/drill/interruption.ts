/** A Ctrl-C reaches a program from the terminal and once more from whoever started it, at the same moment. */
const SAME_REQUEST_MS = 500;

const CLEANING_UP_MS = 20_000;

/**
 * Asked once, the drill is to end and clean up; asked again, or when that takes too long, the process ends at once, and
 * what it started ends with it.
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #exitCode: number;
  #askedAt: number | undefined;

  constructor(exitCode: number) {
    this.#exitCode = exitCode;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  ask(): void {
    const now = performance.now();
    if (this.#askedAt !== undefined) {
      if (now - this.#askedAt > SAME_REQUEST_MS) process.exit(this.#exitCode);
      return;
    }
    this.#askedAt = now;
    this.#controller.abort();
    setTimeout(() => process.exit(this.#exitCode), CLEANING_UP_MS).unref();
  }
}
