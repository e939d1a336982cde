import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import type { Cost } from './fixtures/cost-of-bodies.ts';

const costOfBodies = fileURLToPath(new URL('./fixtures/cost-of-bodies.js', import.meta.url));

/** How many times as much CPU as an honest batch of 4 MiB a body may cost; an honest one takes less than 100 ms. */
const MAX_RATIO = 1.5;
/** The same for bodies of 64 KiB. Small times vary more. */
const MAX_RATIO_OF_ORDER = 0.15;
/** Orders that differ from honest ones only in their values are parsed, so V8 stores every short text once. */
const PARSED = 'as many names and texts as may be parsed';
const MAX_RATIO_PARSED = 5;

// In a process of its own without coverage, which would cost more than what is measured.
const env = { ...process.env, NODE_V8_COVERAGE: undefined };
const { stdout } = await promisify(execFile)(process.execPath, [costOfBodies], { env });
const [honest, ...hostile] = JSON.parse(stdout) as Cost[];

await t.test('a hostile body costs no more CPU than an honest one', async (t) => {
  const reference = honest?.cpu ?? 0;
  t.equal(honest?.status, 207);
  t.ok(hostile.length > 20);
  for (const { name, requestBytes, cpu } of hostile) {
    const ofBatch = name === PARSED ? MAX_RATIO_PARSED : MAX_RATIO;
    const ratio = requestBytes < 100_000 && name.startsWith('64 KiB') ? MAX_RATIO_OF_ORDER : ofBatch;
    t.ok(cpu < ratio * reference, `${name}: ${cpu.toFixed(1)} ms against ${reference.toFixed(1)} ms`);
  }
});

await t.test('the answer to a refused body is short', async (t) => {
  for (const { name, status, responseBytes } of hostile) {
    t.ok(status === 400 || status === 207, `${name}: ${status}`);
    if (status === 400) t.ok(responseBytes < 1_000, `${name}: ${responseBytes} bytes`);
  }
});
