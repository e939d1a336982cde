import closeWithGrace from 'close-with-grace';
import { toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { RunningService } from '../app/service.ts';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** A Ctrl-C reaches a program under `npm start` from the terminal and once more from npm, at the same moment. */
const SAME_REQUEST_MS = 500;

/** Left to Node: most of them mean that the process is broken, or belong to its tools. */
const NOT_FOR_STOPPING = [
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGSEGV',
  'SIGUSR2',
  'beforeExit',
] as const;

export interface StopOptions {
  logger: Logger;
  /** how long a stop may take, milliseconds */
  deadlineMs: number;
  exit: (code: number) => never;
}

/**
 * Starts the service and keeps it until a signal comes, it fails, or something is thrown that nobody caught; then
 * stops it and ends the process: 0 after a signal, 1 after a failure, a stop that failed or took too long, or a
 * second signal.
 */
export async function untilStopped(
  start: () => Promise<RunningService>,
  options: StopOptions,
): Promise<never> {
  const { logger, deadlineMs, exit } = options;
  const state: { stopping: boolean; failure?: Error } = { stopping: false };
  const starting = start();
  const ending = closeWithGrace(
    {
      delay: deadlineMs,
      logger: null,
      skip: [...STOP_SIGNALS, ...NOT_FOR_STOPPING],
      onTimeout: () =>
        logger.fatal({ deadlineMs }, 'The stop took longer than SHUTDOWN_TIMEOUT_MS allows: ended.'),
      onSecondError: (error) => logger.fatal({ err: error }, 'A second error came while stopping: ended.'),
    },
    async ({ err }) => {
      state.stopping = true;
      if (err !== undefined) logger.fatal({ err }, 'Something was thrown that nobody caught: stopping.');
      await stop(starting).catch((error: unknown) => {
        if (error !== state.failure) logger.fatal({ err: error }, 'The service could not be stopped.');
        throw error;
      });
      if (state.failure !== undefined) throw state.failure;
    },
  );
  onStopSignals({
    first: (signal) => {
      if (state.stopping) return;
      logger.info({ signal }, 'Stopping.');
      ending.close();
    },
    second: (signal) => {
      logger.fatal({ signal }, 'A second signal came while stopping: ended.');
      exit(1);
    },
  });
  const failed = await starting.then((service) => service.failed).catch(toError);
  if (!state.stopping) {
    state.failure = failed;
    logger.fatal({ err: failed }, 'The service cannot go on: stopping.');
    ending.close();
  }
  return new Promise(() => undefined);
}

async function stop(starting: Promise<RunningService>): Promise<void> {
  const service = await starting;
  await service.stop();
}

function onStopSignals(react: Record<'first' | 'second', (signal: NodeJS.Signals) => void>): void {
  let firstAt: number | undefined;
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        react.first(signal);
      } else if (performance.now() - firstAt > SAME_REQUEST_MS) {
        react.second(signal);
      }
    });
  }
}
