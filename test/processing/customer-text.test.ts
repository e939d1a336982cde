import t from 'tap';
import { DEAD_LETTER_REASONS } from '../../src/store/dead-letter.ts';
import { failureText, reasonText } from '../../src/processing/customer-text.ts';

await t.test(
  'the reason of an answer is one line of well-formed text of at most 500 characters',
  async (t) => {
    for (const [given, shown] of [
      ['closed today', 'closed today'],
      ['नमस्ते 👋🏽', 'नमस्ते 👋🏽'],
      ['a\r\nb\tc', 'a b c'],
      ['\u001b[2Jgone\u0007\u0000\u009b', '[2Jgone'],
      ['safe\u202etxt.exe\u2066', 'safe txt.exe'],
      ['line\u2028line', 'line line'],
      ['half \ud83d pair', 'half \ufffd pair'],
      ['x'.repeat(10_000), 'x'.repeat(500)],
      [`${'x'.repeat(499)}👋`, 'x'.repeat(499)],
      ['', ''],
    ] as const) {
      t.equal(reasonText(given), shown, `gives ${Buffer.from(shown.slice(0, 20)).toString('hex')}`);
    }
  },
);

await t.test('every reason of a failure has a fixed text', async (t) => {
  for (const reason of DEAD_LETTER_REASONS) t.match(failureText(reason), /^The order could not be processed/);
});
