import { once, setMaxListeners } from 'node:events';
import { setPriority } from 'node:os';
import type { AttackerMessages, AttackerOrders } from './attacker-process.ts';
import { ATTACKS } from './attacks/index.ts';
import { Tally } from './tally.ts';

/**
 * Lower than the service, and inherited by foreign tools: hostile clients elsewhere would not take the CPU of the service. The report
 * shows how many requests were sent all the same.
 */
const PRIORITY = 10;

const PREPARE_TIMEOUT_MS = 60_000;

/** Prepares one attack, runs it when its parent says so, and reports. Ends with its parent. */
const orders = JSON.parse(process.argv[2] ?? '{}') as AttackerOrders;
const attack = ATTACKS.find(({ name }) => name === orders.attack);
if (attack === undefined) throw new Error(`There is no attack ${orders.attack}.`);

process.once('disconnect', () => process.exit());
// Timeouts of signals do not keep a process alive, and the service may have cut every connection.
process.channel?.ref();
setPriority(PRIORITY);
const preparing = { ...orders, signal: AbortSignal.timeout(PREPARE_TIMEOUT_MS), tally: new Tally() };
const prepared = (await attack.prepare?.(preparing)) ?? '';
preparing.signal.throwIfAborted();
const begun = once(process, 'message');
await say({ prepared: true });
await begun;

const tally = new Tally();
const signal = AbortSignal.timeout(orders.seconds * 1_000);
// Thousands of connections listen to it.
setMaxListeners(0, signal);
await attack.run({ ...orders, signal, tally }, prepared);
await say({ report: tally.report() });
process.exit();

function say(message: Partial<AttackerMessages>): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}
