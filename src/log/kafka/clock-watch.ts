import { WallClock } from './wall-clock.ts';

const INTERVAL_MS = 250;

/** Looks four times a second whether the wall clock was set back. */
export class ClockWatch {
  readonly #createClock: () => Pick<WallClock, 'wasSetBack'>;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    createClock: () => Pick<WallClock, 'wasSetBack'> = () => new WallClock(),
    intervalMs = INTERVAL_MS,
  ) {
    this.#createClock = createClock;
    this.#intervalMs = intervalMs;
  }

  /** @param onSetBack called once for each time the clock is set back */
  start(onSetBack: () => void): void {
    let clock = this.#createClock();
    clock.wasSetBack();
    this.#timer = setInterval(() => {
      if (!clock.wasSetBack()) return;
      clock = this.#createClock();
      clock.wasSetBack();
      onSetBack();
    }, this.#intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
