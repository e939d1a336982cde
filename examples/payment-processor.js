/**
 * A processor that takes the payment of each new order: PROCESSOR=./examples/payment-processor.js PAYMENT_URL=https://…
 *
 * It may be called more than once for an order (after a crash, or when an attempt timed out although the provider took
 * the money). That is safe, since the provider takes a payment once per Idempotency-Key.
 *
 * @import { OrderToProcess, ProcessorAnswer, ProcessorContext } from 'order-system/processor'
 */
// The exported function is called `process`, so the global of that name is out of reach here.
import { env } from 'node:process';

if (!env.PAYMENT_URL) throw new Error('Set PAYMENT_URL to the address of the payment provider.');
const paymentUrl = new URL('/payments', env.PAYMENT_URL);

/**
 * @param {OrderToProcess} order
 * @param {ProcessorContext} context
 * @returns {Promise<ProcessorAnswer>}
 */
export async function process(order, context) {
  const { TransientError, logger, attempt } = context;
  const response = await pay(order, context);
  const { ok, status } = response;
  if (ok) return { status: 'confirmed' };
  logger.warn({ orderId: order.id, attempt, status }, 'The payment was not taken.');
  // 402 is the customer's problem: the order is rejected.
  if (status === 402) return { status: 'rejected', reason: 'payment declined' };
  // The provider is down or busy: the order is retried with backoff.
  if (status >= 500 || status === 429) throw new TransientError(`The payment provider answered ${status}.`);
  // Anything else is a mistake of ours: the order becomes a dead letter, to be replayed once it is fixed.
  throw new Error(`The payment provider answered ${status}.`);
}

/**
 * @param {OrderToProcess} order
 * @param {ProcessorContext} context
 */
async function pay(order, { TransientError, signal, idempotencyKey, traceparent }) {
  const { id, total, currency } = order;
  try {
    const response = await fetch(paymentUrl, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'Idempotency-Key': idempotencyKey,
        ...(traceparent && { traceparent }),
      },
      body: JSON.stringify({ reference: id, amount: total, currency }),
      signal,
    });
    // Reads the body to its end, so that the connection is free for the next payment.
    await response.arrayBuffer();
    return response;
  } catch (error) {
    // No connection, or no answer in time. Whether the money was taken is unknown; the next attempt finds out.
    throw new TransientError('The payment provider does not answer.', { cause: error });
  }
}
