import closeWithGrace from 'close-with-grace';
import { ServiceError, toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { RunningService } from '../app/service.ts';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Under `npm start`, Ctrl-C arrives twice at once: from the terminal and from npm. The second one is ignored. */
const SAME_REQUEST_MS = 500;

/** Left to Node's default: most of them mean that the process is broken. */
const NOT_HANDLED = [
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
 * Starts the service and runs it until a signal, a failure or an uncaught error; then stops it and ends the process. The
 * exit code is 0 after a signal; it is 1 after a failure, an uncaught error, a second signal, or a stop that failed or took
 * too long.
 * @param start gets a signal that is aborted when a stop is requested, even before the service has started
 */
export async function untilStopped(
  start: (stopping: AbortSignal) => Promise<RunningService>,
  options: StopOptions,
): Promise<never> {
  const { logger, deadlineMs, exit } = options;
  const state: { stopping: boolean; failure?: Error } = { stopping: false };
  const stopping = new AbortController();
  const starting = start(stopping.signal);
  const ending = closeWithGrace(
    {
      delay: deadlineMs,
      logger: null,
      skip: [...STOP_SIGNALS, ...NOT_HANDLED],
      onTimeout: () =>
        logger.fatal({ deadlineMs }, 'The shutdown took longer than SHUTDOWN_TIMEOUT_MS: exiting.'),
      onSecondError: (error) =>
        logger.fatal({ err: error }, 'A second error occurred during the shutdown: exiting.'),
    },
    async ({ err }) => {
      state.stopping = true;
      stopping.abort();
      if (err !== undefined) logger.fatal({ err }, 'Uncaught error: stopping.');
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
      logger.fatal({ signal }, 'Second signal during the shutdown: exiting.');
      exit(1);
    },
  });
  const outcome = await starting.then(
    async (service) => ({ phase: 'run', error: await service.failed }) as const,
    (error: unknown) => ({ phase: 'start', error: toError(error) }) as const,
  );
  if (!state.stopping) {
    state.failure = outcome.error;
    logFailure(logger, outcome);
    ending.close();
  }
  return new Promise(() => undefined);
}

/** A ServiceError has a message for operators; only unexpected errors need a stack. */
function logFailure(logger: Logger, { phase, error }: { phase: 'start' | 'run'; error: Error }): void {
  const what = phase === 'start' ? 'The service could not start' : 'The service failed and is stopping';
  if (!(error instanceof ServiceError)) logger.fatal({ err: error }, `${what}.`);
  else logger.fatal({ code: error.code }, `${what}: ${error.message}`);
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
