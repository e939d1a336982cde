import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { createLogger } from '../../src/base/logger.ts';
import { encodeRecordFrame } from '../../src/base/record-frame.ts';
import type { EventLog, OutgoingRecord } from '../../src/log/event-log.ts';
import { appendCopies } from '../../src/pipeline/append-frame.ts';

await t.test(
  'a copy that is too large for the log goes without its value, then without its key, and says so',
  async (t) => {
    const appended: OutgoingRecord[] = [];
    const log: Pick<EventLog, 'append'> = {
      append(record) {
        if ((record.key?.length ?? 0) + (record.value?.length ?? 0) > 1_000) {
          return Promise.reject(new ServiceError('record-too-large', 'More than 1000 bytes.'));
        }
        appended.push(record);
        return Promise.resolve({ partition: 0, offset: appended.length });
      },
    };
    const letter = (size: number, keySize = 1) => ({
      partition: 0,
      offset: size,
      timestamp: 0,
      key: Buffer.alloc(keySize),
      value: Buffer.alloc(size),
      headers: { 'x-dlq-reason': 'record-undecodable' },
    });
    const letters = [letter(2_000), letter(10), letter(7, 3_000)];
    await appendCopies(log, encodeRecordFrame(letters), createLogger('silent'));
    t.match(
      appended
        .map(({ key, value, headers }) => [
          [key?.length, headers?.['x-dlq-key-left-out-bytes']],
          [value?.length, headers?.['x-dlq-value-left-out-bytes']],
        ])
        .sort(),
      [
        [
          [1, undefined],
          [10, undefined],
        ],
        [
          [1, undefined],
          [undefined, '2000'],
        ],
        [
          [undefined, '3000'],
          [undefined, '7'],
        ],
      ].sort(),
    );
    const broken: Pick<EventLog, 'append'> = {
      append: () => Promise.reject(new ServiceError('log-full', 'Full.')),
    };
    await t.rejects(appendCopies(broken, encodeRecordFrame([letter(1)]), createLogger('silent')), {
      code: 'log-full',
    });
  },
);
