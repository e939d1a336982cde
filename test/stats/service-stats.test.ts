import t from 'tap';
import { createMetrics } from '../../src/base/metrics.ts';
import type { OffsetRange } from '../../src/log/event-log.ts';
import { ServiceStats } from '../../src/stats/service-stats.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { startSmallService } from '../support/small-service.ts';

await t.test('a stop does not wait for a log that does not answer', async (t) => {
  const service = await startSmallService(t);
  const { hub } = service.replica(service.log);
  let asked = 0;
  const ranges = (topic: string): Promise<OffsetRange[]> => {
    asked += 1;
    return asked === 1 ? service.log.ranges(topic) : new Promise(() => undefined);
  };
  const stats = new ServiceStats({
    replica: 'r-1',
    role: 'all',
    version: '1.2.3',
    log: {
      ranges,
      progressName: (topic) => service.log.progressName(topic),
      readinessProblem: () => undefined,
    },
    reader: service.reader,
    deadLetters: service.deadLetters({ log: service.log }).deadLetterService,
    hub,
    metrics: createMetrics(),
    acceptedAt: () => Promise.resolve(undefined),
    clock: Date.now,
    monotonicClock: () => performance.now(),
    secondMs: 10,
  });
  await stats.start();
  await eventually(() => asked > 1, { what: 'a sample that waits' });
  await stats.stop();
  t.equal(asked, 2);
});
