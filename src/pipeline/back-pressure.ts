import type { LaneQueue } from './lane-queue.ts';

const PAUSE_AT_BATCHES = 4;
const RESUME_BELOW_BATCHES = 2;

/** Pauses the partitions of a lane at four full batches (by records or bytes), and resumes them below two. */
export class BackPressure {
  readonly #queue: Pick<LaneQueue, 'holds'>;
  readonly #pause: () => void;
  readonly #resume: () => void;
  #isPaused = false;

  /** @param partitions pausing them twice is harmless */
  constructor(queue: Pick<LaneQueue, 'holds'>, { pause, resume }: { pause: () => void; resume: () => void }) {
    this.#queue = queue;
    this.#pause = pause;
    this.#resume = resume;
  }

  /** Call it when the queue has grown or shrunk. */
  update(): void {
    if (this.#queue.holds(PAUSE_AT_BATCHES)) {
      this.#isPaused = true;
      this.#pause();
    } else if (this.#isPaused && !this.#queue.holds(RESUME_BELOW_BATCHES)) {
      this.#isPaused = false;
      this.#resume();
    }
  }
}
