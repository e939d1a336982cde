import { inspect } from 'node:util';
import { ERRORS, type ErrorCode } from '../base/error-table.ts';
import { errorDetail, errorLine, plainDetail } from '../base/error-detail.ts';
import { ServiceError } from '../base/errors.ts';
import { traceFields, traceparentOf } from '../base/trace-context.ts';
import type { FinalOutcome } from '../order/decide.ts';
import { copyOfOrder } from '../order/recorded-order.ts';
import { reasonText } from './customer-text.ts';
import { importProcessor } from './import-processor.ts';
import type { Attempt, Outcome } from './outcome.ts';
import { TransientError, type Processor, type ProcessorLogger } from './processor-api.ts';
import { ProcessorCalls, type SlowCallOptions } from './processor-calls.ts';

/** Calls the processor for each attempt and answers the outcomes by order id. */
export type RunProcessor = (attempts: Iterable<Attempt>) => Promise<Map<string, Outcome>>;

export interface ProcessorOptions {
  /** milliseconds for one attempt; a later answer is ignored */
  timeoutMs: number;
  /** handed to the module; with the trace of the order, if it has one */
  logger: ProcessorLogger & { child?: (fields: object) => ProcessorLogger };
}

/**
 * Loads the `PROCESSOR` module at this path.
 * @param slow undefined: a batch waits for all its calls
 * @throws ServiceError `processor-invalid` when the module cannot be loaded or exports no `process` function
 */
export async function loadProcessor(
  path: string,
  options: ProcessorOptions,
  slow?: SlowCallOptions,
): Promise<ProcessorCalls> {
  const processor = await importProcessor(path);
  return new ProcessorCalls((attempt, onEnd) => begin(processor, attempt, options, onEnd), slow);
}

/** The built-in processor: it confirms every order. */
export function confirmAll(attempts: Iterable<Attempt>): Promise<Map<string, Outcome>> {
  return answerAll(attempts, { status: 'confirmed', reason: null });
}

/** For poison orders, which crash or block their thread: they fail without a call of the processor. */
export function failAll(attempts: Iterable<Attempt>, reason: string): Promise<Map<string, Outcome>> {
  return answerAll(attempts, { status: 'failed', reason });
}

function answerAll(attempts: Iterable<Attempt>, outcome: FinalOutcome): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const { command } of attempts) outcomes.set(command.orderId, outcome);
  return Promise.resolve(outcomes);
}

/** Begins a call and its timeout. @returns what ends it as the timeout does */
function begin(
  processor: Processor,
  attempt: Attempt,
  { timeoutMs, logger }: ProcessorOptions,
  onEnd: (outcome: Outcome) => void,
): () => void {
  const controller = new AbortController();
  let hasEnded = false;
  const end = (outcome: Outcome) => {
    if (hasEnded) return;
    hasEnded = true;
    clearTimeout(timer);
    onEnd(outcome);
  };
  const abort = () => {
    end(outcomeOfFailure(NO_ANSWER));
    controller.abort();
  };
  const timer = setTimeout(abort, timeoutMs);
  const ownLogger = loggerOf(attempt, logger);
  callModule(processor, attempt, { signal: controller.signal, logger: ownLogger }).then(
    (outcome) => {
      if (!hasEnded) logRejection(attempt, outcome, ownLogger);
      end(outcome);
    },
    (thrown: unknown) => end(outcomeOfFailure(thrown)),
  );
  return abort;
}

function loggerOf({ command }: Attempt, logger: ProcessorOptions['logger']): ProcessorLogger {
  const traceparent = traceparentOf(command.traceparent);
  return traceparent === undefined ? logger : (logger.child?.(traceFields(traceparent)) ?? logger);
}

/** The only place where operators see why an order was rejected. */
function logRejection({ command }: Attempt, { status, reason }: FinalOutcome, logger: ProcessorLogger): void {
  if (status !== 'rejected') return;
  logger.info({ orderId: command.orderId, reason }, 'The processor rejected the order.');
}

async function callModule(
  processor: Processor,
  { command, attempt }: Attempt,
  context: { signal: AbortSignal; logger: ProcessorLogger },
): Promise<FinalOutcome> {
  const { orderId, time, traceparent } = command;
  // A copy, so that the module cannot change the stored order.
  const order = { ...copyOfOrder(command.order), id: orderId, createdAt: time };
  const answer: unknown = await processor.process(order, {
    ...context,
    TransientError,
    attempt,
    idempotencyKey: orderId,
    traceparent,
  });
  return checkAnswer(answer);
}

const NO_ANSWER = new ServiceError(
  'processor-timeout',
  'The processor did not answer within PROCESSOR_TIMEOUT_MS.',
);

/** The table of errors decides between `retry` and `failed`: an error of a module is permanent unless marked transient. */
function outcomeOfFailure(thrown: unknown): Outcome {
  const error = thrown === NO_ANSWER ? plainDetail(NO_ANSWER.message) : errorDetail(thrown);
  return { status: ERRORS[codeOf(thrown)].transient ? 'retry' : 'failed', reason: errorLine(error), error };
}

function codeOf(thrown: unknown): ErrorCode {
  if (thrown === NO_ANSWER) return NO_ANSWER.code;
  return isTransient(thrown) ? 'processor-transient' : 'processor-failed';
}

function isTransient(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'transient' in thrown && thrown.transient === true;
}

function checkAnswer(answer: unknown): FinalOutcome {
  const { status, reason } = (answer ?? {}) as { status?: unknown; reason?: unknown };
  if (status === 'confirmed' || status === 'rejected') {
    return { status, reason: typeof reason === 'string' ? reasonText(reason) : null };
  }
  const returned = answer === undefined ? 'nothing' : describe(answer);
  throw new ServiceError(
    'processor-failed',
    `The processor returned ${returned}. Expected { status: "confirmed" } or { status: "rejected", reason }.`,
  );
}

/** Runs no code of the module, and is short enough that the reason can also say what is expected. */
function describe(answer: unknown): string {
  const text = inspect(answer, { depth: 1, breakLength: Infinity, customInspect: false });
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
