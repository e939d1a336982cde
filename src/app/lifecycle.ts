import { ServiceError, toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

/**
 * What was opened, to be closed in reverse: whoever opens a resource hands its closing over at once. A failure while
 * opening closes what was opened before it.
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

  /** Opens a part that has `start` and `stop`, and owns it from then on. */
  async start<Part extends { start(): Promise<void> | void; stop(): Promise<void> }>(
    name: string,
    part: Part,
  ): Promise<Part> {
    this.opened(name, () => part.stop());
    await part.start();
    return part;
  }

  /**
   * Closes everything, newest first; a part that fails to close does not keep the others open.
   * @throws AggregateError with what went wrong
   */
  async close(): Promise<void> {
    const failures: Error[] = [];
    for (let closer = this.#closers.pop(); closer !== undefined; closer = this.#closers.pop()) {
      try {
        await closer.close();
        this.#logger.debug({ part: closer.name }, 'closed');
      } catch (thrown) {
        const error = toError(thrown);
        failures.push(
          new ServiceError('internal', `${closer.name} did not close: ${error.message}`, { cause: error }),
        );
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Not everything was closed in order.');
  }
}
