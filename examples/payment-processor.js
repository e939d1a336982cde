/**
 * A processor that charges every order before it is confirmed:
 *
 *     PROCESSOR_ENV_PAYMENTS_URL=https://payments.example.com PROCESSOR=./examples/payment-processor.js npm start
 *
 * It may be called again for an order, for example when an attempt timed out although the payment service made the
 * charge. That is safe: the payment service charges once per idempotency key.
 *
 * @import { OrderToProcess, ProcessorAnswer, ProcessorContext } from 'order-system/processor'
 */
// The exported name `process` hides Node's global of that name.
import { env } from 'node:process';

const { PAYMENTS_URL } = env;
if (!PAYMENTS_URL) throw new Error('Set PROCESSOR_ENV_PAYMENTS_URL to the address of the payment service.');

/** Well below PROCESSOR_TIMEOUT_MS. */
const CALL_TIMEOUT_MS = 5_000;

/**
 * @param {OrderToProcess} order
 * @param {ProcessorContext} context
 * @returns {Promise<ProcessorAnswer>}
 */
export async function process(order, context) {
  const { TransientError, attempt, logger } = context;
  const { ok, status } = await charge(order, context);
  if (ok) return { status: 'confirmed' };
  logger.warn({ orderId: order.id, attempt, status }, 'The order was not charged.');
  if (status === 402) return { status: 'rejected', reason: 'The payment was declined.' };
  // 409: an earlier call with this key is still in progress.
  if (status === 409 || status === 429 || status >= 500) {
    throw new TransientError(`The payment service answered ${status}.`);
  }
  // Our request is wrong, and repeating it does not help: the order fails and can be replayed after a fix.
  throw new Error(`The payment service refused the charge with ${status}.`);
}

/**
 * @param {OrderToProcess} order
 * @param {ProcessorContext} context
 */
async function charge(order, { TransientError, signal, idempotencyKey, traceparent }) {
  try {
    const response = await fetch(`${PAYMENTS_URL}/charges`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
        ...(traceparent && { traceparent }),
      },
      body: JSON.stringify({ amount: order.total, currency: order.currency, customer: order.customerId }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    return response;
  } catch (cause) {
    // No answer: the charge may have been made. The next attempt asks again with the same key.
    throw new TransientError('The payment service did not answer.', { cause });
  }
}
