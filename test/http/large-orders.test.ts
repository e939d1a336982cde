import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { apply, place } from '../store/batch.ts';
import { asObject, startHttp } from './http-under-test.ts';

const MEBIBYTE = 1024 * 1024;

await t.test('orders of several MiB are listed page by page and read one by one', async (t) => {
  const { app, service } = await startHttp(t);
  const idOf = (n: number) => `0199e6a2-5f0b-7c3d-8a41-00000000000${n}`;
  const sizes = [3 * MEBIBYTE, 10, 20, 3 * MEBIBYTE, 3 * MEBIBYTE, 30];
  for (const [n, bytes] of sizes.entries()) {
    const metadata = { note: 'x'.repeat(bytes) };
    await apply(service.store, [place(n, idOf(n), { metadata, time: 1_000 + n })]);
  }
  const pages: string[][] = [];
  for (let url: string | undefined = '/v1/orders?limit=100'; url !== undefined && pages.length < 10;) {
    const page = await readPage(app, url);
    pages.push(page.data.map(({ id }) => id));
    url = page.nextCursor === null ? undefined : `/v1/orders?limit=100&cursor=${page.nextCursor}`;
  }
  t.same(pages, [[idOf(5)], [idOf(4)], [idOf(3)], [idOf(2), idOf(1)], [idOf(0)]]);
  const { metadata } = (await app.inject(`/v1/orders/${idOf(0)}`)).json<{ metadata: unknown }>();
  t.equal(String(asObject(metadata).note).length, 3 * MEBIBYTE);
});

interface Page {
  data: { id: string }[];
  nextCursor: string | null;
}

async function readPage(app: FastifyInstance, url: string): Promise<Page> {
  return (await app.inject(url)).json<Page>();
}

await t.test('while large pages are read, everything else has its turn', async (t) => {
  const { app, service } = await startHttp(t);
  const metadata = { note: 'x'.repeat(60_000) };
  const idOf = (n: number) => `0199e6a2-5f0b-7c3d-8a41-${String(n).padStart(12, '0')}`;
  const orders = Array.from({ length: 18 }, (_, n) => place(n, idOf(n), { metadata }));
  await apply(service.store, orders);
  const start = performance.now();
  let [turns, lastTurn, longest] = [0, start, 0];
  const endTurn = () => {
    const now = performance.now();
    [turns, lastTurn, longest] = [turns + 1, now, Math.max(longest, now - lastTurn)];
  };
  const tick = () => {
    endTurn();
    timer = setImmediate(tick);
  };
  let timer = setImmediate(tick);
  const read = async (n: number) => {
    const page = await app.inject({ url: '/v1/orders?limit=100', remoteAddress: `10.0.0.${n}` });
    return page.json<Page>().data.length;
  };
  t.same(await Promise.all(Array.from({ length: 20 }, (_, n) => read(n))), Array(20).fill(17));
  clearImmediate(timer);
  endTurn();
  const total = lastTurn - start;
  t.ok(longest < total / 3, `the longest of ${turns} turns took ${longest} of ${total} ms`);
});
