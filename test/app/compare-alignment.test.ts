import t from 'tap';
import {
  compareAlignment,
  mismatchText,
  type AlignmentView,
  type Mismatch,
} from '../../src/app/compare-alignment.ts';

/** One partition. `lastRecord` is the check value of the last record that was processed; `inLog`, of the one in the log. */
interface Case {
  name: string;
  start?: number;
  end?: number;
  next?: number;
  lastRecord?: string;
  inLog?: string;
  identities?: [log: string | undefined, store: string | undefined];
  found: (Pick<Mismatch, 'kind' | 'resumeAt'> & Partial<Pick<Mismatch, 'movesLog'>>) | undefined;
}

const cases: Case[] = [
  { name: 'a new log and a new store', start: 0, end: 0, found: undefined },
  { name: 'a store without progress and a log with all its records', start: 0, end: 9, found: undefined },
  { name: 'records wait to be processed', start: 0, end: 9, next: 4, found: undefined },
  { name: 'all records were processed', start: 0, end: 9, next: 9, found: undefined },
  { name: 'processed records were deleted', start: 4, end: 9, next: 4, found: undefined },
  { name: 'all records were processed and deleted', start: 9, end: 9, next: 9, found: undefined },
  {
    name: 'records were deleted before they were processed',
    start: 5,
    end: 9,
    next: 4,
    found: { kind: 'records-gone', resumeAt: 5 },
  },
  {
    name: 'a store without progress and a log without its first records',
    start: 1,
    end: 9,
    found: { kind: 'records-gone', resumeAt: 1 },
  },
  {
    name: 'the log ends before the progress',
    start: 0,
    end: 8,
    next: 9,
    found: { kind: 'ends-early', resumeAt: 9, movesLog: true },
  },
  {
    name: 'an empty log that lost its records after they were processed',
    start: 0,
    end: 0,
    next: 9,
    found: { kind: 'ends-early', resumeAt: 9, movesLog: true },
  },
  {
    name: 'a Kafka topic that was deleted and created again has records that were never processed',
    start: 0,
    end: 8,
    next: 9,
    identities: [undefined, 'x'],
    found: { kind: 'ends-early', resumeAt: 0, movesLog: false },
  },
  { name: 'the same last record', start: 0, end: 9, next: 4, lastRecord: 'a', inLog: 'a', found: undefined },
  {
    name: 'another last record',
    start: 2,
    end: 9,
    next: 4,
    lastRecord: 'a',
    inLog: 'b',
    found: { kind: 'other-record', resumeAt: 2 },
  },
  { name: 'a last record without a check value', start: 0, end: 9, next: 4, inLog: 'b', found: undefined },
  { name: 'a last record that was deleted', start: 4, end: 9, next: 4, lastRecord: 'a', found: undefined },
  {
    name: 'the log that claimed the store',
    start: 0,
    end: 9,
    next: 4,
    identities: ['x', 'x'],
    found: undefined,
  },
  {
    name: 'another log, with fitting offsets and records',
    start: 3,
    end: 9,
    next: 4,
    lastRecord: 'a',
    inLog: 'a',
    identities: ['y', 'x'],
    found: { kind: 'other-log', resumeAt: 3, movesLog: false },
  },
  {
    name: 'another log that ends early and has records',
    start: 0,
    end: 2,
    next: 4,
    identities: ['y', 'x'],
    found: { kind: 'other-log', resumeAt: 0, movesLog: false },
  },
  {
    name: 'a new, empty log',
    start: 0,
    end: 0,
    next: 4,
    identities: ['y', 'x'],
    found: { kind: 'other-log', resumeAt: 4, movesLog: true },
  },
  {
    name: 'another log without records that begins after the progress',
    start: 9,
    end: 9,
    next: 4,
    identities: ['y', 'x'],
    found: { kind: 'other-log', resumeAt: 9, movesLog: false },
  },
  {
    name: 'a store that no log has claimed',
    start: 0,
    end: 9,
    identities: ['y', undefined],
    found: undefined,
  },
  {
    name: 'a log without an identity, as Kafka',
    start: 0,
    end: 9,
    next: 4,
    identities: [undefined, 'x'],
    found: undefined,
  },
  {
    name: 'progress in a partition that was added after the first offsets were read',
    end: 9,
    next: 4,
    found: undefined,
  },
  {
    name: 'progress in a partition that the log does not have',
    next: 4,
    found: { kind: 'no-partition', resumeAt: undefined },
  },
  {
    name: 'progress in a partition that another log does not have',
    next: 4,
    identities: ['y', 'x'],
    found: { kind: 'other-log', resumeAt: undefined },
  },
];

for (const { name, start, end, next, lastRecord, inLog, identities = ['x', 'x'], found } of cases) {
  await t.test(`${name}: ${found?.kind ?? 'they match'}`, async (t) => {
    const view: AlignmentView = {
      logIdentity: identities[0],
      storeIdentity: identities[1],
      starts: start === undefined ? [] : [start],
      ends: end === undefined ? [] : [end],
      progress: new Map(next === undefined ? [] : [[0, { nextOffset: next, lastRecord }]]),
      lastRecords: new Map(inLog === undefined ? [] : [[0, inLog]]),
    };
    const mismatches = compareAlignment(view);
    t.match(mismatches, found === undefined ? [] : [{ partition: 0, ...found }]);
    t.equal(mismatches.length, found === undefined ? 0 : 1);
  });
}

await t.test('each mismatch names its partition and its offsets', async (t) => {
  const texts: [Mismatch['kind'], string][] = [
    [
      'other-log',
      'the store was filled from another event log, up to offset 7, and this log has offsets 9 to 11',
    ],
    ['no-partition', 'the store has processed it up to offset 7, but the log has no such partition'],
    ['records-gone', 'offsets 7 to 8 were never processed, but the log begins at offset 9'],
    ['ends-early', 'all records before offset 7 were processed, but the log ends at offset 12'],
    ['other-record', 'the log has another record at offset 6 than the one that was processed'],
  ];
  const progress = { nextOffset: 7, lastRecord: undefined };
  for (const [kind, text] of texts) {
    const mismatch = { kind, partition: 3, progress, start: 9, end: 12, resumeAt: 9, movesLog: false };
    t.equal(mismatchText('kafka:orders.commands', mismatch), `kafka:orders.commands/3: ${text}`);
  }
});
