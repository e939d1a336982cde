import t from 'tap';
import { startGrpc } from './grpc-under-test.ts';
import { apply, place } from '../store/batch.ts';

const MEBIBYTE = 1024 * 1024;

/** The default limit of gRPC clients. */
const MAX_MESSAGE_BYTES = 4 * MEBIBYTE;

await t.test(
  'orders of almost 4 MiB are listed page by page, within the limit of a default client',
  async (t) => {
    const { client, service } = await startGrpc(t);
    // What remained of a body of 4 MiB for the metadata of its only order, and a few small orders between them.
    const sizes = [MAX_MESSAGE_BYTES - 200, 10, 20, 3 * MEBIBYTE, MAX_MESSAGE_BYTES - 200, 30];
    for (const [n, bytes] of sizes.entries()) {
      const metadata = { note: 'x'.repeat(bytes) };
      await apply(service.store, [place(n, `o-${n}`, { metadata, time: 1_000 + n })]);
    }
    const pages: string[][] = [];
    let pageToken = '';
    do {
      const page = await client.list({ pageSize: 100, pageToken });
      pages.push(page.orders.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== '' && pages.length < 10);
    t.same(pages, [['o-5'], ['o-4'], ['o-3'], ['o-2', 'o-1'], ['o-0']]);
  },
);
