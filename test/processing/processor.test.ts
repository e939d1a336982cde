import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as publicApi from 'order-system/processor';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { Attempt, Outcome } from '../../src/processing/outcome.ts';
import { failAll, loadProcessor, type RunProcessor } from '../../src/processing/processor.ts';
import { TransientError } from '../../src/processing/processor-api.ts';
import { anOrder } from '../support/order-client.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

function attemptFor(orderId: string, attempt = 1): Attempt {
  const order = { ...anOrder(), total: 50_000 };
  const command = { eventId: 'e', orderId, time: 1_000, traceparent: TRACEPARENT, order };
  return { command: { kind: 'place', ...command }, attempt, partition: 0 };
}

/** Writes a processor module whose `process` has this body, and loads it. */
async function load(t: Test, body: string, timeoutMs = 30_000) {
  // Node imports a path only once: each module has a name of its own.
  const file = `${randomUUID()}.mjs`;
  const folder = t.testdir({ [file]: `export async function process(order, context) { ${body} }` });
  const lines: string[] = [];
  const logger = pino({ base: null }, { write: (line) => lines.push(line) });
  const calls = await loadProcessor(join(folder, file), { timeoutMs, logger });
  const runProcessor: RunProcessor = (attempts) => calls.run(attempts);
  const outcomeOf = async (attempt = attemptFor('o-1')) =>
    (await runProcessor([attempt])).get(attempt.command.orderId);
  return { runProcessor, outcomeOf, lines };
}

await t.test('a module sees the order and its context', async (t) => {
  const { outcomeOf, lines } = await load(
    t,
    `const { attempt, idempotencyKey, traceparent, signal, logger } = context;
     logger.warn({ orderId: order.id }, 'declined');
     const seen = { id: order.id, total: order.total, createdAt: order.createdAt };
     const reason = JSON.stringify({ seen, attempt, idempotencyKey, traceparent, aborted: signal.aborted });
     return { status: 'rejected', reason };`,
  );
  for (const attempt of [1, 2]) {
    const outcome = await outcomeOf(attemptFor('o-7', attempt));
    t.equal(outcome?.status, 'rejected');
    t.same(JSON.parse(outcome?.reason ?? ''), {
      seen: { id: 'o-7', total: 50_000, createdAt: 1_000 },
      attempt,
      idempotencyKey: 'o-7',
      traceparent: TRACEPARENT,
      aborted: false,
    });
  }
  const trace_id = TRACEPARENT.slice(3, 35);
  t.match(JSON.parse(lines[0] ?? ''), { level: 40, orderId: 'o-7', trace_id, msg: 'declined' });
});

await t.test('a rejection is logged with its reason, as one line, for operators', async (t) => {
  const { outcomeOf, lines } = await load(
    t,
    `return { status: attemptStatus(context.attempt), reason: 'risk score 81\\nof 100' };
     function attemptStatus(attempt) { return attempt === 1 ? 'rejected' : 'confirmed'; }`,
  );
  await outcomeOf();
  await outcomeOf(attemptFor('o-1', 2));
  t.equal(lines.length, 1, 'confirmed orders are not logged');
  const msg = 'The processor rejected the order.';
  t.match(JSON.parse(lines[0] ?? ''), { level: 30, orderId: 'o-1', reason: 'risk score 81 of 100', msg });
});

await t.test('changes that a module makes to its order are not stored', async (t) => {
  const { outcomeOf } = await load(t, `order.items.length = 0; return { status: 'confirmed' };`);
  const attempt = attemptFor('o-1');
  t.match(await outcomeOf(attempt), { status: 'confirmed', reason: null });
  t.equal(attempt.command.order.items.length, 1);
});

await t.test('an answer of another shape fails the order and says what is expected', async (t) => {
  const expected = 'Expected { status: "confirmed" } or { status: "rejected", reason }.';
  for (const [answer, shown] of [
    ['true', 'true'],
    [`'confirmed'`, `'confirmed'`],
    ['undefined', 'nothing'],
    ['null', 'null'],
    [`{ status: 'perhaps' }`, `{ status: 'perhaps' }`],
    [`['confirmed']`, `[ 'confirmed' ]`],
  ] as const) {
    const { outcomeOf } = await load(t, `return ${answer};`);
    const reason = `The processor returned ${shown}. ${expected}`;
    t.match(await outcomeOf(), { status: 'failed', reason }, answer);
  }
  const { outcomeOf } = await load(t, `return { text: 'x'.repeat(10_000) };`);
  t.ok((await outcomeOf())?.reason?.endsWith(expected), 'also after a long answer');
});

await t.test('a transient error means a retry, any other error a failed order', async (t) => {
  const outcomes: [string, Outcome | { reason: RegExp }][] = [
    [`throw new context.TransientError('away')`, { status: 'retry', reason: 'away' }],
    [`throw Object.assign(new Error('away'), { transient: true })`, { status: 'retry', reason: 'away' }],
    [`throw { transient: true }`, { status: 'retry', reason: '[object Object]' }],
    [`throw new Error('no such merchant')`, { status: 'failed', reason: 'no such merchant' }],
    [`throw 'text'`, { status: 'failed', reason: 'text' }],
    [`throw Object.create(null)`, { status: 'failed', reason: 'something of type object that has no text' }],
    [`throw Object.assign(new Error(), { message: { code: 7 } })`, { reason: /object/ }],
  ];
  for (const [body, outcome] of outcomes) {
    const { outcomeOf } = await load(t, body);
    t.match(await outcomeOf(), outcome, body);
  }
});

await t.test(
  'what a module throws is kept with its class and causes; its reason has the messages of all',
  async (t) => {
    const cause = `{ cause: new Error('connect ECONNREFUSED 127.0.0.1:9') }`;
    const reason = 'fetch failed: connect ECONNREFUSED 127.0.0.1:9';
    const failed = await load(t, `throw new TypeError('fetch failed', ${cause});`);
    t.match(await failed.outcomeOf(), {
      status: 'failed',
      reason,
      error: {
        class: 'TypeError',
        message: 'fetch failed',
        stack: /\.mjs/,
        cause: { class: 'Error', stack: /\.mjs/ },
      },
    });
    const retried = await load(t, `throw new context.TransientError('fetch failed', ${cause});`);
    t.match(await retried.outcomeOf(), {
      status: 'retry',
      reason,
      error: { class: 'TransientError', stack: null, cause: { message: /ECONNREFUSED/ } },
    });
  },
);

await t.test('after PROCESSOR_TIMEOUT_MS the signal is aborted, and a later answer is ignored', async (t) => {
  const { outcomeOf, lines } = await load(
    t,
    `await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
     context.logger.info({}, 'aborted');
     return { status: 'confirmed' };`,
    20,
  );
  t.match(await outcomeOf(), { status: 'retry', reason: /did not answer within PROCESSOR_TIMEOUT_MS/ });
  t.match(lines, [/aborted/]);
});

await t.test('a module works on at most 64 orders at once', async (t) => {
  const { runProcessor } = await load(
    t,
    `const state = (globalThis.busyProcessor ??= { now: 0, most: 0 });
     state.most = Math.max(state.most, ++state.now);
     await new Promise((resolve) => setImmediate(resolve));
     state.now -= 1;
     return { status: 'rejected', reason: String(state.most) };`,
  );
  const outcomes = await runProcessor(Array.from({ length: 200 }, (_, index) => attemptFor(`o-${index}`)));
  t.equal(outcomes.size, 200);
  t.equal(outcomes.get('o-199')?.reason, '64');
});

await t.test('a poison order fails without a call of the processor', async (t) => {
  const outcomes = await failAll([attemptFor('o-1')], 'crashes its thread');
  t.same([...outcomes], [['o-1', { status: 'failed', reason: 'crashes its thread' }]]);
});

await t.test('an unusable module is refused; the error names its file and, if known, its line', async (t) => {
  const broken = `export function process() {\n  return {{ status: 'confirmed' };\n}\n`;
  const folder = t.testdir({
    'syntax.mjs': broken,
    'imports-syntax.mjs': `import './syntax.mjs';\nexport function process() {}\n`,
    'commonjs.cjs': `exports.process = () => {\n  return {{ status: 'confirmed' };\n};\n`,
    'missing-import.mjs': `\nimport { price } from './no-function.mjs';\nexport function process() {}\n`,
    'throws.mjs': `\n\nthrow new Error('no PAYMENT_URL');\n`,
    'no-function.mjs': `export default function process() {}\nexport const process_ = 1;\n`,
    'empty.mjs': '',
  });
  for (const [file, message] of [
    ['syntax.mjs', /SyntaxError: Unexpected token '{' \(at .*\/syntax\.mjs:2\)$/],
    ['imports-syntax.mjs', /imports-syntax\.mjs cannot be loaded: SyntaxError: .* \(at .*\/syntax\.mjs:2\)$/],
    ['commonjs.cjs', /SyntaxError: .* \(at .*\/commonjs\.cjs:2\)$/],
    ['missing-import.mjs', /not provide an export named 'price' \(at .*\/missing-import\.mjs:2\)$/],
    ['throws.mjs', /cannot be loaded: no PAYMENT_URL \(at .*\/throws\.mjs:3:7\)$/],
    ['no-function.mjs', /must export a function named process; it exports default, process_\.$/],
    ['empty.mjs', /must export a function named process; it exports nothing\.$/],
    ['nowhere.mjs', /nowhere\.mjs cannot be loaded: Cannot find module/],
  ] as const) {
    const path = join(folder, file);
    const loading = loadProcessor(path, { timeoutMs: 1_000, logger: pino({ level: 'silent' }) });
    await t.rejects(loading, { code: 'processor-invalid', message }, file);
    await t.rejects(loading, { message: `The processor ${path} ` }, `${file} is named`);
  }
});

await t.test('modules import the contract from order-system/processor', async (t) => {
  t.equal(publicApi.TransientError, TransientError);
  const error = new publicApi.TransientError('away', { cause: 'network' });
  t.match(error, { transient: true, message: 'away', cause: 'network' });
  t.notMatch(error.stack, /\n/, 'it has no stack trace');
});
