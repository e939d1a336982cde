import { inspect } from 'node:util';
import { TaskCancelledError, timeout, TimeoutStrategy, type TimeoutPolicy } from 'cockatiel';
import pMap from 'p-map';
import { ERRORS, ServiceError, textOf, toError, type ErrorCode } from '../base/errors.ts';
import type { PlaceOrder } from '../order/commands.ts';
import type { FinalOutcome } from '../order/decide.ts';
import { importProcessor } from './import-processor.ts';
import { TransientError, type Processor, type ProcessorLogger } from './processor-api.ts';

/** One call of the processor for one order; `attempt` counts from 1. */
export interface Attempt {
  command: PlaceOrder;
  attempt: number;
}

/** The outcome of an attempt. `retry`: it failed, but a later attempt may succeed. */
export type Outcome = FinalOutcome | { status: 'retry'; reason: string };

/** Calls the processor for each attempt and answers the outcomes by order id. */
export type RunProcessor = (attempts: Iterable<Attempt>) => Promise<Map<string, Outcome>>;

/** How many orders of a batch a processor module handles at once. */
export const PROCESSOR_CONCURRENCY = 64;

const MAX_REASON_LENGTH = 500;

export interface ProcessorOptions {
  /** milliseconds for one attempt; a later answer is ignored */
  timeoutMs: number;
  /** handed to the module */
  logger: ProcessorLogger;
}

/**
 * Runs the `PROCESSOR` module at this path.
 * @throws ServiceError `processor-invalid` when the module cannot be loaded or exports no `process` function
 */
export async function loadProcessor(path: string, options: ProcessorOptions): Promise<RunProcessor> {
  const processor = await importProcessor(path);
  const { timeoutMs, logger } = options;
  const deadline = timeout(timeoutMs, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false });
  return async (attempts) => {
    const outcomes = await pMap(
      attempts,
      async (attempt) =>
        [attempt.command.orderId, await run(processor, attempt, { deadline, logger })] as const,
      { concurrency: PROCESSOR_CONCURRENCY },
    );
    return new Map(outcomes);
  };
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

/** The table of errors decides between `retry` and `failed`: an error of a module is permanent unless marked transient. */
async function run(
  processor: Processor,
  { command, attempt }: Attempt,
  { deadline, logger }: { deadline: TimeoutPolicy; logger: ProcessorLogger },
): Promise<Outcome> {
  const { orderId, time, traceparent } = command;
  try {
    // A copy, so that the module cannot change the stored order.
    const order = { ...structuredClone(command.order), id: orderId, createdAt: time };
    const answer: unknown = await deadline.execute(({ signal }) =>
      processor.process(order, {
        TransientError,
        attempt,
        signal,
        idempotencyKey: orderId,
        traceparent,
        logger,
      }),
    );
    return checkAnswer(answer);
  } catch (thrown) {
    const { code, message } = failureOf(thrown);
    return { status: ERRORS[code].transient ? 'retry' : 'failed', reason: message };
  }
}

/** Modules can throw anything: text, objects without a prototype, errors whose message is not text. */
function failureOf(thrown: unknown): { code: ErrorCode; message: string } {
  if (thrown instanceof TaskCancelledError) {
    return {
      code: 'processor-timeout',
      message: 'The processor did not answer within PROCESSOR_TIMEOUT_MS.',
    };
  }
  const message = textOf(toError(thrown).message).slice(0, MAX_REASON_LENGTH);
  return { code: isTransient(thrown) ? 'processor-transient' : 'processor-failed', message };
}

function isTransient(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'transient' in thrown && thrown.transient === true;
}

function checkAnswer(answer: unknown): FinalOutcome {
  const { status, reason } = (answer ?? {}) as { status?: unknown; reason?: unknown };
  if (status === 'confirmed' || status === 'rejected') {
    return { status, reason: typeof reason === 'string' ? reason.slice(0, MAX_REASON_LENGTH) : null };
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
