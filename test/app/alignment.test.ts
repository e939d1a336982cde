import t from 'tap';
import { alignStore, verifyAlignment, type ReadableLog } from '../../src/app/alignment.ts';
import type { OffsetRange } from '../../src/log/event-log.ts';
import type { AlignmentStore, StoredLog } from '../../src/store/alignment-store.ts';

/** A log of one partition, whose ranges are those of the given moments. */
function logOf(moments: OffsetRange[], identity: string | undefined = 'ours'): ReadableLog {
  return {
    progressName: (topic) => `fake:${topic}`,
    identity: () => identity,
    ranges: () => Promise.resolve([moments.shift() ?? { start: 0, end: 0 }]),
    recordsAt: () => Promise.resolve(new Map()),
  };
}

function storedLog(nextOffset: number, identity: string | undefined = 'ours'): StoredLog {
  return { identity, progress: new Map([[0, { nextOffset, lastRecord: 'check' }]]) };
}

await t.test('replicas that append, process and delete meanwhile raise no false alarm', async (t) => {
  const moments = [
    { start: 0, end: 5 },
    { start: 8, end: 9 },
  ];
  // When the progress was read it was beyond the first end; when the log was read again, its start was beyond the progress.
  const ranges = await verifyAlignment(logOf(moments), () => Promise.resolve(storedLog(7)));
  t.match(ranges, [{ end: 9 }]);
});

await t.test('of two services that claim a new store at once, the second is refused', async (t) => {
  let identity: string | undefined;
  const store: AlignmentStore = {
    read: () => Promise.resolve({ identity, progress: new Map() }),
    claim: () => {
      identity = 'that of the other service';
      return Promise.resolve(identity);
    },
    accept: () => Promise.reject(new Error('not called')),
    forgetLastRecords: () => Promise.resolve(new Map()),
    close: () => Promise.resolve(),
  };
  await t.rejects(alignStore(logOf([]), store), { code: 'log-mismatch', message: /another event log/ });
});

await t.test('partitions that are not checked are not asked for: they may have no leader', async (t) => {
  const asked: (readonly number[] | undefined)[] = [];
  const log: ReadableLog = {
    ...logOf([]),
    ranges: (_topic, partitions) => {
      asked.push(partitions);
      const ranges: OffsetRange[] = [];
      ranges[1] = { start: 2, end: 9 };
      return Promise.resolve(ranges);
    },
  };
  const ranges = await verifyAlignment(log, () => Promise.resolve(storedLog(4)), [1]).catch(String);
  t.match(
    ranges,
    /fake:orders\.commands\/1: offsets 0 to 1 were never processed/,
    'partition 0 is not checked',
  );
  t.same(asked, [[1], [1]]);
  t.same(await verifyAlignment(log, () => Promise.resolve(storedLog(4)), []), []);
  t.equal(asked.length, 2);
});

await t.test(
  'partitions that cannot be read are reported and left out, and the others are checked',
  async (t) => {
    const offline = (partition: number) => new Error(`partition ${partition} has no leader`);
    const log = (ranges: (OffsetRange | undefined)[]): ReadableLog => ({
      ...logOf([]),
      ranges: (_topic, _partitions, onUnavailable) => {
        const found: OffsetRange[] = [];
        for (const [partition, range] of ranges.entries()) {
          if (range !== undefined) found[partition] = range;
          else if (onUnavailable === undefined) return Promise.reject(offline(partition));
          else onUnavailable(partition, offline(partition));
        }
        return Promise.resolve(found);
      },
    });
    const read = () => Promise.resolve(storedLog(4));
    const unavailable: string[] = [];
    const note = (partition: number, { message }: Error) => unavailable.push(`${partition}: ${message}`);
    const withOffline = log([undefined, { start: 0, end: 9 }]);
    const ranges = await verifyAlignment(withOffline, read, undefined, note);
    t.same([...ranges.entries()].slice(1), [[1, { start: 0, end: 9 }]]);
    t.same(unavailable, ['0: partition 0 has no leader'], 'once');
    await t.rejects(verifyAlignment(withOffline, read), /no leader/, 'a worker needs all that it checks');
    const behind = log([undefined, { start: 1, end: 9 }]);
    await t.rejects(verifyAlignment(behind, read, undefined, note), {
      code: 'log-mismatch',
      message: /commands\/1/,
    });
    await t.rejects(verifyAlignment(log([undefined]), read, undefined, note), { code: 'log-unavailable' });
  },
);
