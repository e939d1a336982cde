import t from 'tap';
import { checkReadiness, type ReadinessParts } from '../../src/app/readiness.ts';

const working: ReadinessParts = {
  log: { progressName: (topic) => topic, readinessProblem: () => undefined },
  reader: { progress: () => Promise.resolve(7) },
  pipeline: undefined,
  isDraining: false,
  isListening: true,
};
const away = { progress: () => Promise.reject(new Error('the store is away')) };
const silent = { progress: () => new Promise<never>(() => undefined) };
const pipeline = { readinessProblem: () => undefined };

await t.test('an api replica is ready without the store, and says what is wrong', async (t) => {
  t.strictSame(await checkReadiness({ ...working, reader: away }), {
    ready: true,
    checks: { service: 'ok', eventLog: 'ok', store: 'the store is away' },
  });
});

await t.test(
  'an api replica does not wait long for a store that does not answer',
  { timeout: 5_000 },
  async (t) => {
    t.match(await checkReadiness({ ...working, reader: silent }), {
      ready: true,
      checks: { store: /does not answer/ },
    });
  },
);

await t.test('an api replica is not ready without the event log, or while it is draining', async (t) => {
  const log = { ...working.log, readinessProblem: () => 'the broker is away' };
  t.match(await checkReadiness({ ...working, log }), { ready: false, checks: { eventLog: /broker/ } });
  t.match(await checkReadiness({ ...working, isDraining: true }), { ready: false });
});

await t.test('a replica that processes orders needs the store and a working pipeline', async (t) => {
  t.match(await checkReadiness({ ...working, pipeline }), { ready: true, checks: { pipeline: 'ok' } });
  t.match(await checkReadiness({ ...working, pipeline, reader: away }), {
    ready: false,
    checks: { store: 'the store is away' },
  });
  const paused = { readinessProblem: () => 'the circuit is open' };
  t.match(await checkReadiness({ ...working, pipeline: paused }), {
    ready: false,
    checks: { pipeline: 'the circuit is open' },
  });
});
