import { SingleBar } from 'cli-progress';
import { tellSuite } from './report.ts';

export interface Progress {
  /** @param done share of the whole, from 0 to 1 */
  update: (done: number, text: string) => void;
  stop: () => void;
}

/** A bar on stderr; nothing when that is not a terminal. */
export function startProgress(): Progress {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const bar = new SingleBar({ format: '{bar} {percentage}% {text}', stream: process.stderr });
  bar.start(1, 0, { text: '' });
  return { update: (done, text) => bar.update(done, { text }), stop: () => bar.stop() };
}

/** Shows the progress of a benchmark: to the suite that runs it, or on the terminal. */
export async function withProgress<Result>(
  work: (update: Progress['update']) => Promise<Result>,
): Promise<Result> {
  if (process.send !== undefined) return work((done) => tellSuite({ done }));
  const progress = startProgress();
  try {
    return await work(progress.update);
  } finally {
    progress.stop();
  }
}
