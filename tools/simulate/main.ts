import { SingleBar } from 'cli-progress';
import { CommanderError } from 'commander';
import { countsText } from './counts.ts';
import { readOptions, type SimulationOptions } from './options.ts';
import { simulate, type Simulation } from './simulation.ts';

const EXIT = { done: 0, failed: 1, usage: 2 } as const;

const REDRAW_MS = 250;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    return await run(readOptions(process.argv.slice(2), process.env));
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    throw error;
  }
}

async function run(options: SimulationOptions): Promise<number> {
  const stopping = new AbortController();
  // Under npm a Ctrl-C arrives twice: from the terminal and from npm.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());
  const problem = await problemOf(options);
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    return EXIT.failed;
  }
  const simulation = simulate(options, stopping.signal);
  const stopShowing = showProgress(simulation, options);
  try {
    await simulation.done;
  } finally {
    stopShowing();
  }
  process.stdout.write(`${summary(simulation)}\n`);
  return simulation.counts.placed > 0 || stopping.signal.aborted ? EXIT.done : EXIT.failed;
}

/** Why the service cannot be used; undefined if it can. */
async function problemOf({ url, token }: SimulationOptions): Promise<string | undefined> {
  const headers = token === undefined ? undefined : { authorization: `Bearer ${token}` };
  try {
    const response = await fetch(`${url}/v1/principal`, { headers, signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    if (response.status !== 401) return undefined;
    return `The service at ${url} asks for a valid token or API key: set ORDER_SYSTEM_TOKEN or ORDER_SYSTEM_TOKEN_FILE.`;
  } catch {
    return `Nothing answers at ${url}. Start the service there first: npm start`;
  }
}

/** A progress bar on a terminal, nothing elsewhere. @returns a function that stops it */
function showProgress({ counts }: Simulation, { seconds }: SimulationOptions): () => void {
  if (!process.stderr.isTTY) return () => undefined;
  const startedAt = performance.now();
  const bar = new SingleBar({ format: '{bar} {value} of {total} s: {text}', stream: process.stderr });
  bar.start(seconds, 0, { text: '' });
  const draw = (): void => {
    const elapsed = Math.floor((performance.now() - startedAt) / 1000);
    bar.update(Math.min(seconds, elapsed), { text: countsText(counts) });
  };
  const timer = setInterval(draw, REDRAW_MS);
  return () => {
    clearInterval(timer);
    draw();
    bar.stop();
  };
}

function summary({ counts, refusals }: Simulation): string {
  const refused = [...refusals].map(([what, times]) => `${times} × ${what}`);
  return `${countsText(counts)}.${refused.length === 0 ? '' : ` Sent again after: ${refused.join(', ')}.`}`;
}
