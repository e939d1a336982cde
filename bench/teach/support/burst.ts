import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { PlaceOrder } from '../../../src/order/commands.ts';
import { orderTotal } from '../../../src/order/order.ts';
import type { Attempt } from '../../../src/processing/outcome.ts';
import { ProcessorCalls, type BeginCall } from '../../../src/processing/processor-calls.ts';
import { sampleOrder } from '../../support/sample-order.ts';
import { askMerchant } from './ask-merchant.ts';
import { percentile } from './percentile.ts';

/** A process of its own that confirms a burst of orders and answers with what it measured. */
export interface Burst {
  url: string;
  orders: number;
  isBounded: boolean;
}

export interface BurstResult {
  /** milliseconds of a call */
  callP99: number;
  /** milliseconds from the burst until an order was confirmed; missing if more than one in a hundred was not */
  doneP99?: number;
  calls: number;
  failed: number;
  /** orders that no try confirmed */
  unconfirmed: number;
  /** the most memory (RSS) while it ran, above that before it, bytes */
  memoryBytes: number;
}

const SAMPLE_EVERY_MS = 10;

/** More would never end: each try leaves the merchant requests that nobody waits for, and the next try waits behind them. */
const MAX_TRIES = 3;

/** @throws Error when the process fails */
export async function runBurst(burst: Burst): Promise<BurstResult> {
  const child = fork(new URL(import.meta.url), [JSON.stringify(burst)], { execArgv: [] });
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`The process of the burst exited with code ${String(code)}.`);
  });
  const [result] = (await Promise.race([once(child, 'message'), exited])) as [BurstResult];
  await exited.catch(() => undefined);
  return result;
}

async function confirmAll({ url, orders, isBounded }: Burst): Promise<BurstResult> {
  const merchant = askMerchant(url);
  const doneAfter: number[] = [];
  const before = process.memoryUsage.rss();
  let most = before;
  const sampling = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), SAMPLE_EVERY_MS);
  const startedAt = performance.now();
  const begin: BeginCall = (attempt, onEnd) =>
    merchant.begin(attempt, (outcome) => {
      if (outcome.status === 'confirmed') doneAfter.push(performance.now() - startedAt);
      onEnd(outcome);
    });
  let waiting = Array.from({ length: orders }, (_, index) => index);
  for (let tries = 0; tries < MAX_TRIES && waiting.length > 0; tries += 1) {
    const attempts = attemptsFor(waiting);
    const outcomes = isBounded
      ? await new ProcessorCalls(begin, undefined).run(attempts)
      : await allAtOnce(begin, attempts);
    waiting = waiting.filter((index) => outcomes.get(String(index))?.status !== 'confirmed');
  }
  clearInterval(sampling);
  merchant.close();
  return {
    callP99: percentile(merchant.milliseconds, 0.99),
    ...(waiting.length <= orders / 100 && { doneP99: percentile(doneAfter, 0.99) }),
    calls: merchant.milliseconds.length,
    failed: merchant.failed,
    unconfirmed: waiting.length,
    memoryBytes: most - before,
  };
}

/** What a pool replaces. */
async function allAtOnce(begin: BeginCall, attempts: Iterable<Attempt>): ReturnType<ProcessorCalls['run']> {
  const ended = [...attempts].map(
    (attempt) =>
      new Promise<[string, Parameters<Parameters<BeginCall>[1]>[0]]>((resolve) => {
        begin(attempt, (outcome) => resolve([attempt.command.orderId, outcome]));
      }),
  );
  return new Map(await Promise.all(ended));
}

/** One after the other, as they come from the log. */
function* attemptsFor(indexes: readonly number[]): Generator<Attempt> {
  for (const index of indexes) {
    const order = sampleOrder(index);
    const orderId = String(index);
    const command: PlaceOrder = {
      ...{ kind: 'place', eventId: orderId, orderId, time: 0 },
      order: { ...order, total: orderTotal(order.items) },
    };
    yield { command, partition: 0, attempt: 1 };
  }
}

const [, file, task] = process.argv;
if (file !== undefined && import.meta.filename === file && task !== undefined) {
  process.send?.(await confirmAll(JSON.parse(task) as Burst));
  process.disconnect();
}
