/**
 * The contract of a `PROCESSOR` module: it exports a function named `process`, which decides each new order.
 *
 *     import type { OrderToProcess, ProcessorAnswer, ProcessorContext } from 'order-system/processor';
 *
 *     export async function process(order: OrderToProcess, context: ProcessorContext): Promise<ProcessorAnswer> {
 *       return order.total > 0 ? { status: 'confirmed' } : { status: 'rejected', reason: 'nothing to pay' };
 *     }
 *
 * Every worker thread imports the module once and calls `process` before it saves an order, for at most 64 orders at
 * once. A call that takes longer than most others does not hold them up: it goes on alone, and its answer is applied when
 * it comes. A call may be repeated for the same order (after a crash, for example): make its effects idempotent with
 * `context.idempotencyKey`.
 *
 * This file imports nothing, so that module authors can use its types alone.
 */
export interface Processor {
  /**
   * An error with `transient: true` (such as `context.TransientError`) is retried with backoff, and later events of the
   * order wait. Any other error, or an answer of another shape, makes the order `failed` and its record a dead letter.
   * Customers see a fixed text; only operators see the error.
   */
  process(order: OrderToProcess, context: ProcessorContext): Promise<ProcessorAnswer> | ProcessorAnswer;
}

export interface ProcessorAnswer {
  status: 'confirmed' | 'rejected';
  /**
   * One line of at most 500 characters, without control characters. Of a rejected order only operators see it, as `reason` of
   * the order and in the log; customers see a fixed text. Of a confirmed order customers see it, in the history.
   */
  reason?: string | undefined;
}

/** A copy for this call: changing it changes nothing. Money is an integer in minor units of `currency`. */
export interface OrderToProcess {
  id: string;
  customerId: string;
  merchantId: string;
  /** ISO 4217 */
  currency: string;
  items: { sku: string; name?: string; quantity: number; unitPrice: number }[];
  metadata?: Record<string, string>;
  total: number;
  /** milliseconds since the epoch */
  createdAt: number;
}

export interface ProcessorContext {
  /** throw it if a later attempt may succeed */
  TransientError: typeof TransientError;
  /** number of this attempt, from 1 */
  attempt: number;
  /**
   * Aborted after PROCESSOR_TIMEOUT_MS: the attempt counts as a transient failure, and a later answer is ignored. Aborted
   * also when the service stops during a slow call; the order is processed after the next start. Pass the signal on to end
   * the work.
   */
  signal: AbortSignal;
  /** the order's id, the same in every attempt; send it to idempotent services */
  idempotencyKey: string;
  /** W3C trace context of the request that placed the order; undefined when it had none */
  traceparent: string | undefined;
  /** writes JSON lines to stdout, from LOG_LEVEL upwards */
  logger: ProcessorLogger;
}

export interface ProcessorLogger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Without a stack trace: the cause is another service, not the module, and traces are costly if many attempts fail. */
export class TransientError extends Error {
  readonly transient = true;

  constructor(message?: string, options?: ErrorOptions) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
  }
}
