import { pathToFileURL } from 'node:url';
import { TaskCancelledError, timeout, TimeoutStrategy, type TimeoutPolicy } from 'cockatiel';
import pMap from 'p-map';
import { ERRORS, ServiceError, textOf, toError, type ErrorCode } from '../base/errors.ts';
import type { PlaceOrder } from '../order/commands.ts';
import type { FinalOutcome } from '../order/decide.ts';
import type { NewOrder } from '../order/order.ts';

/** What a processor is shown of a new order; times are milliseconds since the epoch. */
export interface OrderToProcess extends NewOrder {
  id: string;
  total: number;
  createdAt: number;
}

export interface ProcessorContext {
  /** Throw it when a later attempt may succeed: the order waits in the store, and its later events behind it. */
  TransientError: typeof TransientError;
  /** counts from 1 */
  attempt: number;
  /** aborted when PROCESSOR_TIMEOUT_MS have passed: the answer is not waited for any more */
  signal: AbortSignal;
}

/** The shape of a `PROCESSOR` module; it runs in the worker threads, before the order is written. */
export interface Processor {
  process(order: OrderToProcess, context: ProcessorContext): Promise<ProcessorAnswer> | ProcessorAnswer;
}

export interface ProcessorAnswer {
  status: 'confirmed' | 'rejected';
  reason?: string | undefined;
}

/** It says that something is away, not where the module is wrong: a stack for every failed attempt would be paid for nothing. */
export class TransientError extends Error {
  readonly transient = true;

  constructor(message?: string, options?: ErrorOptions) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** An order to be decided, for the `attempt`th time. */
export interface Attempt {
  command: PlaceOrder;
  attempt: number;
}

/** A outcome, or that there is none yet: a later attempt may bring one. */
export type Outcome = FinalOutcome | { status: 'retry'; reason: string };

/** Judges new orders, by order id. */
export type RunProcessor = (attempts: Iterable<Attempt>) => Promise<Map<string, Outcome>>;

/** How many orders of a batch a processor module works on at once. */
export const PROCESSOR_CONCURRENCY = 64;

const MAX_REASON_LENGTH = 500;

/**
 * The runProcessor that a `PROCESSOR` module makes; without one every order is confirmed.
 * @param timeoutMs milliseconds that the module has for an order; a later answer is not waited for
 * @throws ServiceError `processor-invalid` when the module cannot be loaded or exports no `process` function
 */
export async function loadProcessor(path: string | undefined, timeoutMs: number): Promise<RunProcessor> {
  if (path === undefined) return confirmAll;
  const processor = await importProcessor(path);
  const deadline = timeout(timeoutMs, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false });
  return async (attempts) => {
    const outcomes = await pMap(
      attempts,
      async (given) => [given.command.orderId, await runProcessor(processor, given, deadline)] as const,
      { concurrency: PROCESSOR_CONCURRENCY },
    );
    return new Map(outcomes);
  };
}

const CONFIRMED: FinalOutcome = { status: 'confirmed', reason: null };

function confirmAll(attempts: Iterable<Attempt>): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const { command } of attempts) outcomes.set(command.orderId, CONFIRMED);
  return Promise.resolve(outcomes);
}

/** Judges without asking the processor: these orders end the thread that processes them. */
export function failAll(attempts: Iterable<Attempt>, reason: string): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const { command } of attempts) outcomes.set(command.orderId, { status: 'failed', reason });
  return Promise.resolve(outcomes);
}

async function importProcessor(path: string): Promise<Processor> {
  let module: unknown;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    throw new ServiceError('processor-invalid', `${path} cannot be loaded: ${toError(error).message}.`, {
      cause: error,
    });
  }
  if (isProcessor(module)) return module;
  throw new ServiceError('processor-invalid', `${path} must export a function named process.`);
}

/**
 * Asks for the outcome on one order. A failure for good is a outcome too: `failed`. The table of errors says which
 * failures are; what a processor throws is one of them unless it says that it is transient.
 */
async function runProcessor(
  processor: Processor,
  { command, attempt }: Attempt,
  deadline: TimeoutPolicy,
): Promise<Outcome> {
  try {
    // A copy of its own: what the module does to it must not reach what is stored.
    const order = { ...structuredClone(command.order), id: command.orderId, createdAt: command.time };
    const answer = await deadline.execute(({ signal }) =>
      processor.process(order, { TransientError, attempt, signal }),
    );
    return checkedVerdict(answer);
  } catch (thrown) {
    const { code, message } = failureOf(thrown);
    return { status: ERRORS[code].transient ? 'retry' : 'failed', reason: message };
  }
}

/** Modules throw anything: text, objects without a prototype, errors whose message is none. */
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

function checkedVerdict(answer: unknown): FinalOutcome {
  const { status, reason } = (answer ?? {}) as { status?: unknown; reason?: unknown };
  if (status !== 'confirmed' && status !== 'rejected') {
    throw new ServiceError(
      'processor-failed',
      `The processor answered with status ${textOf(status)}, which is neither confirmed nor rejected.`,
    );
  }
  return { status, reason: typeof reason === 'string' ? reason.slice(0, MAX_REASON_LENGTH) : null };
}

function isProcessor(module: unknown): module is Processor {
  return (
    typeof module === 'object' &&
    module !== null &&
    'process' in module &&
    typeof module.process === 'function'
  );
}
