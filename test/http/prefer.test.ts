import t from 'tap';
import { preferredWait } from '../../src/http/schemas/prefer.ts';

const cases: [header: string | undefined, seconds: number | undefined, why: string][] = [
  [undefined, undefined, 'no header'],
  ['wait=5', 5, 'plain'],
  ['WAIT = 5', 5, 'names have no case, white space around = is allowed'],
  ['wait="5"', 5, 'a quoted value is the same'],
  ['respond-async, wait=10', 10, 'one of several preferences'],
  ['wait=10; foo=bar', 10, 'with parameters'],
  ['foo="a, wait=3", wait=7', 7, 'a comma in quotes separates nothing'],
  ['wait=5, wait=9', 5, 'the first counts'],
  ['wait=0', 0, 'not waiting is a preference too'],
  ['wait=3600', 30, 'capped'],
  ['wait', undefined, 'without a value'],
  ['wait=', undefined, 'with an empty value'],
  ['wait=-1', undefined, 'negative'],
  ['wait=1.5', undefined, 'not whole'],
  ['wait=5s', undefined, 'with a unit'],
  ['wait="5', undefined, 'with an open quote'],
  ['await=5', undefined, 'another name'],
  ['handling=lenient', undefined, 'another preference'],
  [',,;=";', undefined, 'garbage'],
];

for (const [header, seconds, why] of cases) {
  await t.test(`${JSON.stringify(header)}: ${why}`, async (t) => {
    t.equal(preferredWait(header), seconds);
  });
}

await t.test('a header made to be slow to read is not read', async (t) => {
  const times = Array.from({ length: 5 }, () => {
    const before = performance.now();
    t.equal(preferredWait(String.raw`"\"`.repeat(5_000)), undefined);
    return performance.now() - before;
  });
  // The quickest: another program may have had the processor for the others.
  t.ok(Math.min(...times) < 100, times.join(', '));
});
