import { ServiceError, toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

/** A part that takes longer is named in the log, so that a shutdown that takes too long explains itself. */
const SLOW_MS = 5_000;

/**
 * Owns everything that was opened. Register each resource as soon as it is open, so that a failed start closes what was
 * opened before.
 *
 * Invariant 11 (order of a shutdown): everything is closed in reverse order, so servers finish before what they use.
 */
export class Lifecycle {
  readonly #logger: Logger;
  readonly #closers: { name: string; close: () => Promise<void> }[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  opened(name: string, close: () => Promise<void>): void {
    this.#closers.push({ name, close });
  }

  /** Starts a part, and stops it when the lifecycle closes. */
  async start<Part extends { start(): Promise<void> | void; stop(): Promise<void> }>(
    name: string,
    part: Part,
  ): Promise<Part> {
    this.opened(name, () => part.stop());
    await part.start();
    return part;
  }

  /**
   * Invariant 11, its part here: closes everything, newest first, even if some parts fail to close. Servers are opened last,
   * so they stop before the log and the store that they use.
   * @throws AggregateError with all failures
   */
  async close(): Promise<void> {
    const failures: Error[] = [];
    for (let closer = this.#closers.pop(); closer !== undefined; closer = this.#closers.pop()) {
      const { name } = closer;
      const slow = setTimeout(() => this.#logger.warn({ part: name }, 'Still closing.'), SLOW_MS);
      try {
        await closer.close();
        this.#logger.debug({ part: name }, 'closed');
      } catch (thrown) {
        const error = toError(thrown);
        failures.push(
          new ServiceError('internal', `${name} did not close: ${error.message}`, { cause: error }),
        );
      } finally {
        clearTimeout(slow);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Some parts did not close.');
  }
}
