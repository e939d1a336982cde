import { Session, type Profiler } from 'node:inspector';

/** Finds out whether inputs reach blocks of the service that no input reached before, with V8's block coverage. */
export class Coverage {
  readonly #session = new Session();
  readonly #reached = new Set<string>();

  start(): void {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  stop(): void {
    this.#session.disconnect();
  }

  get blocks(): number {
    return this.#reached.size;
  }

  /** Blocks reached since the last call that are not known yet. */
  takeNew(): string[] {
    return this.#take().filter((block) => !this.#reached.has(block));
  }

  remember(blocks: readonly string[]): void {
    for (const block of blocks) this.#reached.add(block);
  }

  #take(): string[] {
    let scripts: Profiler.ScriptCoverage[] = [];
    // The callback of a session on its own thread is called before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, coverage) => {
      if (error !== null) throw error;
      scripts = coverage.result;
    });
    return scripts
      .filter(({ url }) => url.includes('/dist/src/'))
      .flatMap(({ scriptId, functions }) =>
        functions
          .flatMap(({ ranges }) => ranges)
          .filter(({ count }) => count > 0)
          .map(({ startOffset, endOffset }) => `${scriptId}:${startOffset}-${endOffset}`),
      );
  }
}
