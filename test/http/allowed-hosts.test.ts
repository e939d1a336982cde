import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import t from 'tap';
import { hostCheck, type HostRules } from '../../src/http/plugins/allowed-hosts.ts';
import { startHttp } from './http-under-test.ts';

const ALWAYS = [
  'localhost',
  'localhost:3000',
  'LocalHost:80',
  'localhost.',
  'localhost.:3000',
  '127.0.0.1',
  '127.0.0.1:54321',
  '127.8.9.10',
  '[::1]',
  '[::1]:3000',
  '[::ffff:127.0.0.1]:3000',
];

const NEVER = [
  'evil.example',
  'evil.example:3000',
  'EVIL.example.',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'evil.localhost',
  'a@localhost',
  'localhost/evil.example',
  'localhost:3000:3000',
  'localhost, evil.example',
  'localhost..',
  '::1',
  '[::1',
  '[localhost]x',
  ' ',
  '',
  '2130706433',
];

const check = (rules: Partial<HostRules>, header: string) =>
  hostCheck({ host: '127.0.0.1', allowedHosts: [], ...rules })(header);

await t.test('the machine itself is always allowed, and nothing that only looks like it', async (t) => {
  for (const host of ['127.0.0.1', '::1', 'localhost', '192.0.2.7', '0.0.0.0', '::']) {
    for (const header of ALWAYS) t.equal(check({ host }, header), true, `${host}: ${header}`);
    for (const header of NEVER) t.equal(check({ host }, header), false, `${host}: ${header}`);
  }
});

await t.test('so is the address or the name that the server listens on, but no other', async (t) => {
  for (const [host, own, other] of [
    ['192.0.2.7', '192.0.2.7:3000', '192.0.2.8:3000'],
    ['2001:DB8::7', '[2001:db8::7]:3000', '[2001:db8::8]:3000'],
    ['fe80::1%eth0', '[fe80::1]', '[fe80::2]'],
    ['orders.internal', 'ORDERS.internal.:3000', 'orders.external'],
  ] as const) {
    t.equal(check({ host }, own), true, own);
    t.equal(check({ host }, other), false, other);
  }
});

await t.test(
  'a server on all addresses allows every address, because only names can be rebound',
  async (t) => {
    for (const host of ['0.0.0.0', '::']) {
      for (const header of ['192.0.2.8', '10.1.2.3:8080', '[2001:db8::8]:3000']) {
        t.equal(check({ host }, header), true, header);
      }
      t.equal(check({ host }, 'orders.example'), false);
    }
  },
);

await t.test('ALLOWED_HOSTS adds names and addresses, with any port', async (t) => {
  const allowedHosts = ['Orders.example', '[2001:db8::9]', '192.0.2.9'];
  for (const header of ['orders.example', 'ORDERS.EXAMPLE.:8443', '[2001:db8::9]:1', '192.0.2.9']) {
    t.equal(check({ allowedHosts }, header), true, header);
  }
  for (const header of ['orders.example.org', 'sub.orders.example', '192.0.2.10']) {
    t.equal(check({ allowedHosts }, header), false, header);
  }
});

const { app } = await startHttp(t);
await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address() as AddressInfo;

await t.test('a rebound page reaches no route, and the refusal says what to set', async (t) => {
  for (const [method, url] of [
    ['POST', '/v1/dead-letters/discard'],
    ['POST', '/v1/orders'],
    ['GET', '/v1/orders'],
    ['GET', '/metrics'],
    ['GET', '/openapi.json'],
    ['GET', '/docs'],
    ['GET', '/'],
    ['GET', '/dashboard/main.js'],
  ] as const) {
    const response = await app.inject({
      method,
      url,
      headers: { host: 'evil.example' },
      ...(method === 'POST' ? { payload: { filter: {} } } : {}),
    });
    t.equal(response.statusCode, 421, `${method} ${url}`);
    t.match(response.json(), {
      code: 'host-not-allowed',
      status: 421,
      detail: /"evil\.example" .*ALLOWED_HOSTS/,
    });
  }
  t.match((await app.inject('/metrics')).body, /http_route="\/v1\/orders",http_response_status_code="421"/);
});

await t.test('a host that was allowed before does not let the next one pass', async (t) => {
  const statuses = [];
  for (const host of ['localhost', 'localhost', 'evil.example', 'localhost', 'localhost:x']) {
    statuses.push((await app.inject({ url: '/livez', headers: { host } })).statusCode);
  }
  t.same(statuses, [200, 200, 421, 200, 421]);
});

await t.test('only HTTP/1.0 may omit Host', async (t) => {
  t.match(await exchange('GET /livez HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /);
  const refused = await exchange('GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n');
  t.match(refused, /^HTTP\/1\.1 400 /);
  t.match(refused, /"code":"bad-request"/);
});

/** Everything the server sends until it closes the connection. */
async function exchange(text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(20_000, () => socket.destroy(new Error('the server did not respond')));
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  socket.write(text);
  await once(socket, 'close');
  return received;
}
