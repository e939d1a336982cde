import t from 'tap';
import { checkRefusal } from './check-refusal.ts';

const PROGRESS = new Map([
  [0, 1_234],
  [3, 77],
]);

const REFUSAL = {
  exit: { code: 1, signal: null },
  output:
    'orders.commands/0: all records before offset 1234 were processed, but the log ends at offset 1200.',
};

await t.test('a refusal that names the topic and the offsets is right', async (t) => {
  t.equal(checkRefusal(REFUSAL, PROGRESS), undefined);
});

const WRONG = {
  'the service starts': undefined,
  'the service hangs': { ...REFUSAL, exit: null },
  'the service exits without an error': { ...REFUSAL, exit: { code: 0, signal: null } },
  'the service dies of a signal': { ...REFUSAL, exit: { code: null, signal: 'SIGSEGV' as const } },
  'the refusal does not name the topic': { ...REFUSAL, output: 'offset 1234 is missing' },
  'the refusal does not name the offsets': { ...REFUSAL, output: 'orders.commands ends too early at 12345' },
};

for (const [name, refusal] of Object.entries(WRONG)) {
  await t.test(`unexpected: ${name}`, async (t) => {
    t.equal(checkRefusal(refusal, PROGRESS)?.kind, 'unexpected');
  });
}
