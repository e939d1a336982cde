import t from 'tap';
import { Callers, type CallerRequest } from '../../src/base/caller.ts';

function request(remoteAddress: string | undefined, forwardedFor?: string): CallerRequest {
  return { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwardedFor } };
}

function metadata(...forwardedFor: string[]) {
  return { get: (key: string) => (key === 'x-forwarded-for' ? forwardedFor : []) };
}

await t.test('without trusted proxies the caller is the address of the connection', async (t) => {
  const callers = new Callers([]);
  t.equal(callers.ofRequest(request('203.0.113.7', '198.51.100.1')), '203.0.113.7');
  t.equal(callers.ofRequest(request('::ffff:203.0.113.7')), '203.0.113.7');
  t.equal(callers.ofPeer('203.0.113.7:41234', metadata('198.51.100.1')), '203.0.113.7');
  t.equal(callers.ofPeer('::ffff:203.0.113.7:41234', metadata()), '203.0.113.7');
  t.equal(callers.ofRequest(request(undefined)), 'unknown');
  t.notOk(callers.isProxy('203.0.113.7'));
});

await t.test('all addresses of one IPv6 network of 64 bits are one caller', async (t) => {
  const callers = new Callers([]);
  for (const address of [
    '2001:db8:1:2::1',
    '2001:0db8:0001:0002:ffff:ffff:ffff:ffff',
    '2001:db8:1:2:3:4:5:6',
  ]) {
    t.equal(callers.ofRequest(request(address)), '2001:db8:1:2::/64', address);
    t.equal(callers.ofPeer(`${address}:41234`, metadata()), '2001:db8:1:2::/64', address);
  }
  t.equal(callers.ofRequest(request('::1')), '0:0:0:0::/64');
  t.equal(callers.ofRequest(request('fe80::1%eth0')), 'fe80:0:0:0::/64');
  t.equal(callers.ofRequest(request('2001:db8::')), '2001:db8:0:0::/64');
});

await t.test('behind trusted proxies the caller is the last address that no proxy owns', async (t) => {
  const callers = new Callers(['10.0.0.0/8', '2001:db8:aa::5']);
  const cases: [string, string | undefined, string][] = [
    ['10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['::ffff:10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['2001:db8:aa::5', '203.0.113.7', '203.0.113.7'],
    // A client may send the header itself; only the entries that proxies appended count.
    ['10.0.0.1', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['10.0.0.1', '198.51.100.1, 203.0.113.7, 10.2.2.2', '203.0.113.7'],
    ['10.0.0.1', '203.0.113.7:55000', '203.0.113.7'],
    ['10.0.0.1', '[2001:db8:1:2::9]:55000', '2001:db8:1:2::/64'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', 'unknown', '10.0.0.1'],
    ['10.0.0.1', '10.9.9.9', '10.9.9.9'],
    ['192.0.2.1', '203.0.113.7', '192.0.2.1'],
  ];
  for (const [peer, forwardedFor, caller] of cases) {
    t.equal(callers.ofRequest(request(peer, forwardedFor)), caller, `${peer} for ${forwardedFor}`);
    const sent = forwardedFor === undefined ? metadata() : metadata(forwardedFor);
    const call = { getPeer: () => `${peer}:41234`, metadata: sent };
    t.equal(callers.ofCall(call), caller, `${peer} for ${forwardedFor}, gRPC`);
  }
  t.ok(callers.isProxy('::ffff:10.1.1.1'));
  t.ok(callers.isProxy('2001:db8:aa::5'));
  t.notOk(callers.isProxy('192.0.2.1'));
});
