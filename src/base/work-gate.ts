/** Lets pieces of work run side by side, except isolated ones. First come, first served. */
export class WorkGate {
  #running = 0;
  #isIsolated = false;
  readonly #waiting: { isolated: boolean; start: () => void }[] = [];

  /** @param isolated nothing else runs meanwhile @throws as `work` */
  async run<T>(isolated: boolean, work: () => Promise<T>): Promise<T> {
    await this.#enter(isolated);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#isIsolated = false;
      this.#startWaiting();
    }
  }

  #enter(isolated: boolean): Promise<void> {
    return new Promise((start) => {
      this.#waiting.push({ isolated, start });
      this.#startWaiting();
    });
  }

  #startWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#isIsolated || (next.isolated && this.#running > 0)) return;
      this.#waiting.shift();
      this.#running += 1;
      this.#isIsolated = next.isolated;
      next.start();
    }
  }
}
