import { noteDetachedCalls, type ThreadActivity } from './thread-activity.ts';

/** The detached calls of one thread. Its current task shows how many of them go on. */
export class ThreadDetachedCalls {
  #going = 0;
  readonly #untold: string[] = [];
  #activity: ThreadActivity | undefined;

  taskBegan(activity: ThreadActivity): void {
    this.#activity = activity;
    noteDetachedCalls(activity, this.#going);
  }

  add(orderId: string): void {
    this.#untold.push(orderId);
    this.#change(1);
  }

  ended(): void {
    this.#change(-1);
  }

  /** The orders whose calls were detached since the last response. */
  take(): string[] {
    return this.#untold.splice(0);
  }

  #change(by: number): void {
    this.#going += by;
    if (this.#activity !== undefined) noteDetachedCalls(this.#activity, this.#going);
  }
}
