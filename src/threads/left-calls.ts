import { noteDetachedCalls, type ThreadActivity } from './thread-activity.ts';

/** The calls of a thread that have left their batches. Its current task shows how many of them go on. */
export class LeftCalls {
  #going = 0;
  readonly #untold: string[] = [];
  #activity: ThreadActivity | undefined;

  taskBegan(activity: ThreadActivity): void {
    this.#activity = activity;
    noteDetachedCalls(activity, this.#going);
  }

  left(orderId: string): void {
    this.#untold.push(orderId);
    this.#change(1);
  }

  ended(): void {
    this.#change(-1);
  }

  /** The orders whose calls have left since the last response. */
  take(): string[] {
    return this.#untold.splice(0);
  }

  #change(by: number): void {
    this.#going += by;
    if (this.#activity !== undefined) noteDetachedCalls(this.#activity, this.#going);
  }
}
