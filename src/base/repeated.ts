/** Pause before work that was asked for, so that a burst of reasons does not repeat it without pause. */
const SOON_MS = 50;

/** Repeats work at an interval, and earlier when asked; never twice at the same time. */
export class Repeated {
  readonly #work: () => Promise<void>;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isAskedFor = false;
  #isStopped = false;

  /** @param work must not reject @param intervalMs pause after each run */
  constructor(work: () => Promise<void>, intervalMs: number) {
    this.#work = work;
    this.#intervalMs = intervalMs;
  }

  start(): void {
    this.#schedule();
  }

  /** Runs the work soon, and after this call, even if it is running now. */
  soon(): void {
    if (this.#isAskedFor) return;
    this.#isAskedFor = true;
    if (this.#running === undefined) this.#schedule();
  }

  /** Resolves when no work is in progress. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(
      () => {
        this.#isAskedFor = false;
        this.#running = this.#work().finally(() => {
          this.#running = undefined;
          this.#schedule();
        });
      },
      this.#isAskedFor ? SOON_MS : this.#intervalMs,
    );
  }
}
