import { toError } from '../../src/base/errors.ts';
import type { TestScope } from '../support/temporary-folder.ts';

/** Runs what was registered, last first, and tries all of it. */
export class Cleanup implements TestScope {
  readonly #steps: (() => unknown)[] = [];

  teardown(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** @throws the first error */
  async run(): Promise<void> {
    const errors: Error[] = [];
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        errors.push(toError(error));
      }
    }
    if (errors[0] !== undefined) throw errors[0];
  }
}
