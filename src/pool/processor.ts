import { pathToFileURL } from 'node:url';
import pMap from 'p-map';
import { ServiceError, toError } from '../base/errors.ts';
import type { PlaceOrder } from '../order/commands.ts';
import type { Verdict } from '../order/decide.ts';
import type { NewOrder } from '../order/order.ts';

/** What a processor is shown of a new order; times are milliseconds since the epoch. */
export interface OrderToProcess extends NewOrder {
  id: string;
  total: number;
  createdAt: number;
}

export interface ProcessorContext {
  /** Throw it when a later attempt may succeed: the order and what comes after it wait. */
  TransientError: typeof TransientError;
}

/** The shape of a `PROCESSOR` module; it runs in the worker threads, before the order is written. */
export interface Processor {
  process(order: OrderToProcess, context: ProcessorContext): Promise<ProcessorAnswer> | ProcessorAnswer;
}

export interface ProcessorAnswer {
  status: 'confirmed' | 'rejected';
  reason?: string | undefined;
}

export class TransientError extends Error {
  readonly transient = true;
}

/** Gives the verdicts on new orders, by order id. @throws ServiceError `processor-transient` */
export type Judge = (commands: Iterable<PlaceOrder>) => Promise<Map<string, Verdict>>;

/** How many orders of a batch a processor module works on at once. */
const PROCESSOR_CONCURRENCY = 64;

const MAX_REASON_LENGTH = 500;

/**
 * The judge that a `PROCESSOR` module makes; without one every order is confirmed.
 * @throws ServiceError `processor-invalid` when the module cannot be loaded or exports no `process` function
 */
export async function loadJudge(path: string | undefined): Promise<Judge> {
  if (path === undefined) return confirmEvery;
  const processor = await loadProcessor(path);
  return async (commands) => {
    const verdicts = await pMap(
      commands,
      async (command) => [command.orderId, await verdictOf(processor, command)] as const,
      { concurrency: PROCESSOR_CONCURRENCY },
    );
    return new Map(verdicts);
  };
}

const CONFIRMED: Verdict = { status: 'confirmed', reason: null };

function confirmEvery(commands: Iterable<PlaceOrder>): Promise<Map<string, Verdict>> {
  const verdicts = new Map<string, Verdict>();
  for (const { orderId } of commands) verdicts.set(orderId, CONFIRMED);
  return Promise.resolve(verdicts);
}

async function loadProcessor(path: string): Promise<Processor> {
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

/** Asks for the verdict on one order. A permanent failure is a verdict too: `failed`. */
async function verdictOf(processor: Processor, command: PlaceOrder): Promise<Verdict> {
  const order = { ...command.order, id: command.orderId, createdAt: command.time };
  try {
    const answer = await processor.process(order, { TransientError });
    return checkedVerdict(answer);
  } catch (thrown) {
    const error = toError(thrown);
    if ('transient' in error && error.transient === true) {
      throw new ServiceError('processor-transient', `Order ${order.id}: ${error.message}`, { cause: thrown });
    }
    return { status: 'failed', reason: error.message.slice(0, MAX_REASON_LENGTH) };
  }
}

function checkedVerdict(answer: unknown): Verdict {
  const { status, reason } = (answer ?? {}) as { status?: unknown; reason?: unknown };
  if (status !== 'confirmed' && status !== 'rejected') {
    throw new ServiceError(
      'processor-failed',
      `The processor answered with status ${JSON.stringify(status)}, which is neither confirmed nor rejected.`,
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
