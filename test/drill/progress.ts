import { SingleBar } from 'cli-progress';

export interface ProgressFigures {
  elapsedMs: number;
  totalMs: number;
  text: string;
}

const LINE_EVERY_MS = 10_000;
const REDRAW_MS = 250;

/** Shows progress on stderr: a bar on a terminal, otherwise a line every 10 s. */
export class Progress {
  readonly #figures: () => ProgressFigures;
  readonly #bar: SingleBar | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(figures: () => ProgressFigures) {
    this.#figures = figures;
    if (process.stderr.isTTY) {
      this.#bar = new SingleBar({
        format: '{bar} {percentage}% {text}',
        hideCursor: true,
        stream: process.stderr,
      });
      this.#bar.start(1, 0, { text: '' });
      this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    } else {
      this.#timer = setInterval(() => this.#writeLine(), LINE_EVERY_MS);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    if (this.#bar === undefined) {
      this.#writeLine();
    } else {
      this.#draw();
      this.#bar.stop();
    }
  }

  #draw(): void {
    const { elapsedMs, totalMs, text } = this.#figures();
    this.#bar?.update(Math.min(1, elapsedMs / totalMs), { text });
  }

  #writeLine(): void {
    const { elapsedMs, totalMs, text } = this.#figures();
    const seconds = (ms: number): number => Math.round(ms / 1000);
    process.stderr.write(`${seconds(elapsedMs)} of ${seconds(totalMs)} s: ${text}\n`);
  }
}
