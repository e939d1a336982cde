import { WorkGate } from '../base/work-gate.ts';
import { noteOthers, type ThreadActivity } from './thread-activity.ts';

/** What goes on in one thread: its tasks and its detached calls. Each running task shows how many others there are. */
export class ThreadTasks {
  readonly #gate = new WorkGate();
  readonly #running = new Set<ThreadActivity>();
  #detachedCalls = 0;

  /** @param isAlone no other task of the thread runs meanwhile, so none can end the thread @throws as `task` */
  run<T>(activity: ThreadActivity, isAlone: boolean, task: () => Promise<T>): Promise<T> {
    return this.#gate.run(isAlone, async () => {
      this.#running.add(activity);
      this.#tell();
      try {
        return await task();
      } finally {
        this.#running.delete(activity);
        this.#tell();
      }
    });
  }

  callDetached(): void {
    this.#detachedCalls += 1;
    this.#tell();
  }

  detachedCallEnded(): void {
    this.#detachedCalls -= 1;
    this.#tell();
  }

  #tell(): void {
    for (const activity of this.#running) noteOthers(activity, this.#detachedCalls + this.#running.size - 1);
  }
}
