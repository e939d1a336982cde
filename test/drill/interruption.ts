/** A Ctrl-C under npm arrives twice at once: from the terminal and from npm. */
const SAME_REQUEST_MS = 500;

const CLEAN_UP_TIMEOUT_MS = 20_000;

/**
 * The first request aborts the signal, so that the drill cleans up and ends. A second one, or a clean-up that takes too
 * long, exits at once; the kernel then ends everything that the drill started.
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #exitCode: number;
  #requestedAt: number | undefined;

  constructor(exitCode: number) {
    this.#exitCode = exitCode;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  request(): void {
    const now = performance.now();
    if (this.#requestedAt !== undefined) {
      if (now - this.#requestedAt > SAME_REQUEST_MS) process.exit(this.#exitCode);
      return;
    }
    this.#requestedAt = now;
    this.#controller.abort();
    setTimeout(() => process.exit(this.#exitCode), CLEAN_UP_TIMEOUT_MS).unref();
  }
}
