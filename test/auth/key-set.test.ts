import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import type { ServiceError } from '../../src/base/errors.ts';
import { createLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { TokenIssuer } from '../support/token-issuer.ts';
import { makeAuthenticator } from './make-authenticator.ts';

const MINUTE = 60_000;

/** A clock for everything, moved by hand. */
function steppedClock(): { now: number; clock: () => number } {
  const stepped = { now: Date.now(), clock: () => stepped.now };
  return stepped;
}

async function codeOf(answer: () => unknown): Promise<string> {
  return Promise.resolve()
    .then(answer)
    .then(() => 'accepted')
    .catch((error: unknown) => (error as ServiceError).code);
}

await t.test('keys rotate without a refused request', async (t) => {
  const time = steppedClock();
  const issuer = await TokenIssuer.start(t, time);
  const { authenticate } = await makeAuthenticator(t, {
    tokens: issuer.config(),
    clock: time.clock,
    monotonicClock: time.clock,
  });
  for (let round = 0; round < 4; round++) {
    const before = await issuer.token({ claims: { round } });
    await issuer.rotate();
    const tokens = [before, await issuer.token({ claims: { round } }), await issuer.token()];
    for (const token of tokens) t.equal(await codeOf(() => authenticate(`Bearer ${token}`)), 'accepted');
    time.now += MINUTE;
  }
});

await t.test('an issuer that is down for an hour refuses no one with a known key', async (t) => {
  const time = steppedClock();
  const issuer = await TokenIssuer.start(t, time);
  const lines: string[] = [];
  const metrics = createMetrics();
  const { authenticate } = await makeAuthenticator(t, {
    tokens: issuer.config(),
    clock: time.clock,
    monotonicClock: time.clock,
    metrics,
    logger: createLogger('info', { write: (line) => void lines.push(line) }),
  });
  issuer.answer = 'error';
  const failures = async () =>
    (await metrics.identityKeyReads.get()).values.find(({ labels }) => labels.outcome === 'failed')?.value ??
    0;
  for (let minute = 0; minute < 60; minute += 10) {
    time.now += 10 * MINUTE;
    const failed = await failures();
    if (minute < 20) await eventually(async () => (await failures()) > failed, { what: 'a failed refresh' });
    const token = await issuer.token({ claims: { minute } });
    t.equal(await codeOf(() => authenticate(`Bearer ${token}`)), 'accepted');
  }
  const unknown = await issuer.token({ header: { kid: 'new' } });
  t.equal(await codeOf(() => authenticate(`Bearer ${unknown}`)), 'identity-unavailable', 'it may be valid');
  t.equal(lines.filter((line) => line.includes('cannot be read')).length, 1, 'logged once');

  issuer.answer = 'keys';
  await issuer.rotate();
  time.now += 5_000;
  const next = await issuer.token();
  await eventually(async () => (await codeOf(() => authenticate(`Bearer ${next}`))) === 'accepted', {
    what: 'the new key',
  });
  t.equal(lines.filter((line) => line.includes('can be read again')).length, 1);
});

await t.test('a key that the issuer withdraws ends the tokens that were verified with it', async (t) => {
  const time = steppedClock();
  const issuer = await TokenIssuer.start(t, time);
  const { keys } = issuer.keySet();
  const { authenticate } = await makeAuthenticator(t, {
    tokens: issuer.config(),
    readKeys: () => Promise.resolve({ keys: [...keys] }),
    clock: time.clock,
    monotonicClock: time.clock,
  });
  const stolen = await issuer.token();
  t.equal(await codeOf(() => authenticate(`Bearer ${stolen}`)), 'accepted');
  const connection = {};
  const repeat = () => codeOf(() => authenticate(`Bearer ${stolen}`, connection));
  t.same([await repeat(), await repeat()], ['accepted', 'accepted'], 'a connection that repeats it');
  keys.push(await issuer.rotate());
  const valid = await issuer.token();
  t.equal(await codeOf(() => authenticate(`Bearer ${valid}`)), 'accepted');
  t.equal(await codeOf(() => authenticate(`Bearer ${stolen}`)), 'accepted', 'its key is still published');

  keys.shift();
  time.now += 10 * MINUTE;
  await eventually(async () => (await codeOf(() => authenticate(`Bearer ${stolen}`))) === 'unauthenticated', {
    what: 'the token to be refused',
  });
  t.equal(await repeat(), 'unauthenticated', 'also from the connection');
  t.equal(await codeOf(() => authenticate(`Bearer ${valid}`)), 'accepted');
});

await t.test('10,000 tokens with unknown keys cause at most two reads a minute', async (t) => {
  const time = steppedClock();
  const issuer = await TokenIssuer.start(t, time);
  const { authenticate } = await makeAuthenticator(t, {
    tokens: issuer.config(),
    clock: time.clock,
    monotonicClock: time.clock,
  });
  const [, ...parts] = (await issuer.token()).split('.');
  const answers: Promise<string>[] = [];
  issuer.requests.length = 0;
  for (let count = 0; count < 10_000; count++) {
    const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: `made-up-${count}` }));
    const token = [header.toString('base64url'), ...parts].join('.');
    answers.push(codeOf(() => authenticate(`Bearer ${token}`)));
    if (count % 1_000 === 999) {
      await Promise.all(answers);
      time.now += 6_000;
    }
  }
  t.same(new Set(await Promise.all(answers)), new Set(['unauthenticated']));
  t.equal(issuer.requests.length, 2);
});

await t.test('the service starts while the issuer is down, and says so to callers', async (t) => {
  const issuer = await TokenIssuer.start(t);
  const token = await issuer.token();
  for (const answer of ['error', 'redirect', 'endless'] as const) {
    issuer.answer = answer;
    const { authenticate } = await makeAuthenticator(t, { tokens: issuer.config() });
    t.equal(await codeOf(() => authenticate(`Bearer ${token}`)), 'identity-unavailable', answer);
  }
  t.ok(issuer.requests.every((url) => url === '/keys'));
  const before = issuer.requests.length;
  t.equal(before, 3, 'redirects are not followed');
});

await t.test('keys are known soon after an issuer that was down at start is back', async (t) => {
  const time = steppedClock();
  const issuer = await TokenIssuer.start(t, time);
  issuer.answer = 'error';
  const { authenticate } = await makeAuthenticator(t, {
    tokens: issuer.config(),
    clock: time.clock,
    monotonicClock: time.clock,
  });
  const token = await issuer.token();
  t.equal(await codeOf(() => authenticate(`Bearer ${token}`)), 'identity-unavailable');
  issuer.answer = 'keys';
  time.now += 5_000;
  await eventually(async () => (await codeOf(() => authenticate(`Bearer ${token}`))) === 'accepted', {
    what: 'the keys',
  });
});

await t.test('a slow issuer delays neither the start nor the end of the service', async (t) => {
  const issuer = await TokenIssuer.start(t);
  issuer.answer = 'nothing';
  const authenticator = await makeAuthenticator(t, { tokens: issuer.config() });
  const token = await issuer.token();
  const waiting = codeOf(() => authenticator.authenticate(`Bearer ${token}`));
  const stopped = await Promise.race([authenticator.stop().then(() => true), delay(1_000, false)]);
  t.equal(stopped, true, 'stop ends the fetch');
  t.equal(await waiting, 'identity-unavailable');
});

await t.test('the metadata of the issuer says where its keys are', async (t) => {
  const issuer = await TokenIssuer.start(t);
  const { authenticate } = await makeAuthenticator(t, {
    tokens: issuer.config({ keys: { kind: 'metadata' } }),
  });
  t.equal(await codeOf(async () => authenticate(`Bearer ${await issuer.token()}`)), 'accepted');
  t.same(issuer.requests, ['/.well-known/openid-configuration', '/keys']);
});

await t.test(
  'a file of keys is read again when a token has a new key, and is kept while it is broken',
  async (t) => {
    const time = steppedClock();
    const issuer = await TokenIssuer.start(t, time);
    const path = join(t.testdir(), 'jwks.json');
    const publish = async (text = JSON.stringify(issuer.keySet())) => {
      await writeFile(`${path}.new`, text);
      await rename(`${path}.new`, path);
    };
    await publish();
    const { authenticate } = await makeAuthenticator(t, {
      tokens: issuer.config({ keys: { kind: 'file', path } }),
      clock: time.clock,
      monotonicClock: time.clock,
    });
    const accepted = async () =>
      codeOf(async () => authenticate(`Bearer ${await issuer.token({ claims: { n: Math.random() } })}`));
    t.equal(await accepted(), 'accepted');
    await issuer.rotate();
    await publish();
    t.equal(await accepted(), 'accepted');
    await publish('{"keys":[]}');
    time.now += MINUTE;
    t.equal(await accepted(), 'accepted');
    t.same(issuer.requests, [], 'no network');
  },
);
