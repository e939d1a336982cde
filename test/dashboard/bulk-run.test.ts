import t from 'tap';

interface Tally {
  matched: number;
  done: number;
  skipped: number;
  refused: { id: number }[];
}

const { dryRun, runBulk } = (await import(
  new URL('../../src/dashboard/bulk/bulk-run.js', import.meta.url).href
)) as {
  dryRun: (
    api: object,
    request: object,
    signal: AbortSignal,
  ) => Promise<{ matched: number; skipped: number }>;
  runBulk: (
    api: object,
    request: object,
    signal: AbortSignal,
    onProgress: (tally: Tally) => void,
  ) => Promise<Tally>;
};

const { signal } = new AbortController();

/** A service that gives these answers, and what it was asked. */
function service(...answers: object[]) {
  const asked: [path: string, body: object][] = [];
  const post = (path: string, body: object) => {
    asked.push([path, body]);
    return Promise.resolve(answers.shift());
  };
  return { api: { post }, asked };
}

await t.test('a dry run counts and changes nothing', async (t) => {
  const { api, asked } = service({ matched: 12, replayed: 0, skipped: 2 });
  const request = { verb: 'replay', selection: { filter: { reason: 'processor-failed' } } };
  t.same(await dryRun(api, request, signal), { matched: 12, skipped: 2 });
  t.same(asked, [['/v1/dead-letters/replay', { filter: { reason: 'processor-failed' }, dryRun: true }]]);
});

await t.test('a run goes on where the last answer ended, and adds up', async (t) => {
  const { api, asked } = service(
    { matched: 2, replayed: 1, skipped: 1, nextAfterId: 7, refused: [{ id: 5, reason: 'too large' }] },
    { matched: 1, replayed: 1, skipped: 0, nextAfterId: null },
  );
  const seen: number[] = [];
  const request = { verb: 'replay', selection: { ids: [5, 7, 9] }, ratePerSecond: 2 };
  const tally = await runBulk(api, request, signal, ({ matched }) => seen.push(matched));
  t.same(tally, { matched: 3, done: 2, skipped: 1, refused: [{ id: 5, reason: 'too large' }] });
  t.same(seen, [2, 3]);
  const body = { ids: [5, 7, 9], ratePerSecond: 2, limit: 2 };
  t.same(asked, [
    ['/v1/dead-letters/replay', { ...body, afterId: 0 }],
    ['/v1/dead-letters/replay', { ...body, afterId: 7 }],
  ]);
});

await t.test('a discard counts what was discarded, at most a hundred at a time', async (t) => {
  const { api, asked } = service({ matched: 3, replayed: 0, discarded: 3, skipped: 0, nextAfterId: null });
  const request = { verb: 'discard', selection: { filter: {} }, ratePerSecond: 10_000 };
  t.match(await runBulk(api, request, signal, () => undefined), { matched: 3, done: 3 });
  t.match(asked, [['/v1/dead-letters/discard', { limit: 100, ratePerSecond: 10_000 }]]);
});
