/** Lets pieces of work run side by side, except those that must run alone. First come, first served. */
export class WorkGate {
  #running = 0;
  #isAlone = false;
  readonly #waiting: { alone: boolean; start: () => void }[] = [];

  /** @param alone nothing else runs meanwhile @throws as `work` */
  async run<T>(alone: boolean, work: () => Promise<T>): Promise<T> {
    await this.#enter(alone);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#isAlone = false;
      this.#startWaiting();
    }
  }

  #enter(alone: boolean): Promise<void> {
    return new Promise((start) => {
      this.#waiting.push({ alone, start });
      this.#startWaiting();
    });
  }

  #startWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#isAlone || (next.alone && this.#running > 0)) return;
      this.#waiting.shift();
      this.#running += 1;
      this.#isAlone = next.alone;
      next.start();
    }
  }
}
