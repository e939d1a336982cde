import t from 'tap';
import { FollowedOffsets } from '../../../src/log/kafka/followed-offsets.ts';

/** One look at a partition that ends here, according to the latest fetch and to the broker. */
async function look(offsets: FollowedOffsets, fetched: number, queried = fetched) {
  return offsets.lossByEnds(
    () => fetched,
    () => Promise.resolve(queried),
  );
}

await t.test('a partition that ends too early is lost only if two looks in a row say so', async (t) => {
  const offsets = new FollowedOffsets([[0, 10]]);
  t.equal(await look(offsets, 7), undefined, 'a new leader may know more in a moment');
  t.equal(await look(offsets, 10), undefined);
  t.equal(await look(offsets, 7), undefined, 'the looks were not in a row');
  t.same(await look(offsets, 7), { why: 'new-topic', partition: 0, expected: 10, found: 7 });
});

await t.test('the broker decides whether a partition ends too early, not the latest fetch', async (t) => {
  const offsets = new FollowedOffsets([[0, 10]]);
  t.equal(await look(offsets, 7, 10), undefined);
  t.equal(await look(offsets, 7, 10), undefined);
});
