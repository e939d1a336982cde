import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import type { Page, Response } from 'playwright-core';
import t, { type Test } from 'tap';
import { startChromium } from '../../tools/support/chromium.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(600_000);

const service = await ServiceProcess.start('all', { DATA_DIR: await temporaryFolder(t) });
t.teardown(() => service.stop());
const browser = await startChromium(['--host-resolver-rules=MAP *.example 127.0.0.1']);
t.teardown(() => browser.close());

const DISCARD = '/v1/dead-letters/discard';
const BODY = JSON.stringify({ filter: {} });

await t.test('a page whose host name was rebound to the service cannot discard dead letters', async (t) => {
  const name = await startRebinding(t, await foreignOrigin(t));
  const page = await openPage(t, `http://evil.example:${name.port}/`);
  name.leadTo(service.url);
  const discarded = await responseTo(page, () =>
    page.evaluate(fetchIn(DISCARD, 'application/json', 'same-origin')),
  );
  t.equal(discarded.request().headers()['content-type'], 'application/json');
  t.equal(discarded.status(), 421);
  const read = await responseTo(page, () => page.evaluate(`fetch('/v1/dead-letters').then(() => {})`));
  t.equal(read.status(), 421);
});

await t.test('a page of another origin cannot discard them either', async (t) => {
  const page = await openPage(t, await foreignOrigin(t));
  const target = `${service.url}${DISCARD}`;
  for (const [how, send] of [
    ['fetch without CORS', () => page.evaluate(fetchIn(target, 'text/plain', 'no-cors'))],
    ['a body without a type', () => page.evaluate(fetchIn(target, '', 'no-cors'))],
    ['a beacon', () => page.evaluate(`navigator.sendBeacon('${target}', '${BODY}')`)],
    ['a form', () => page.evaluate(submitForm(target))],
  ] as const) {
    const response = await responseTo(page, send);
    t.equal(response.status(), 403, how);
  }
});

await t.test('nor can it ask for permission to send JSON, or read orders', async (t) => {
  const page = await openPage(t, await foreignOrigin(t));
  await t.rejects(
    page.evaluate(fetchIn(`${service.url}${DISCARD}`, 'application/json', 'cors')),
    /Failed to fetch/,
  );
  await t.rejects(page.evaluate(`fetch('${service.url}/v1/orders').then(() => {})`), /Failed to fetch/);
});

await t.test('no site can show the dashboard or the documentation in a frame', async (t) => {
  const page = await openPage(t, await foreignOrigin(t));
  const refusals: string[] = [];
  page.on('console', (message) => refusals.push(message.text()));
  for (const path of ['/', '/docs']) {
    await page.evaluate(`new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.onload = resolve;
      frame.src = '${service.url}${path}';
      document.body.append(frame);
    })`);
  }
  t.equal(refusals.filter((text) => text.includes('frame-ancestors')).length, 2, refusals.join('\n'));
});

async function openPage(t: Test, url: string): Promise<Page> {
  const page = await browser.newPage();
  t.teardown(() => page.close());
  page.setDefaultTimeout(60_000);
  await page.goto(url);
  return page;
}

/** What a browser sees when a name is rebound: the same host and port, behind them another server. */
async function startRebinding(t: Test, first: string) {
  let target = new URL(first);
  const open = new Set<Socket>();
  const relay = createTcpServer((socket) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const end of [socket, upstream]) {
      open.add(end);
      end.on('error', () => end.destroy()).on('close', () => open.delete(end));
    }
    socket.pipe(upstream).pipe(socket);
  });
  await once(relay.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    relay.close();
  });
  return {
    port: (relay.address() as AddressInfo).port,
    leadTo(url: string): void {
      target = new URL(url);
    },
  };
}

/** A page on a port of its own. */
async function foreignOrigin(t: Test): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html', connection: 'close' });
    response.end('<!doctype html><title>evil</title><body></body>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The response of the service to what the page sends. */
async function responseTo(page: Page, send: () => Promise<unknown>): Promise<Response> {
  const [response] = await Promise.all([
    page.waitForResponse((response) => response.url().includes('/v1/dead-letters')),
    send(),
  ]);
  return response;
}

function fetchIn(url: string, type: string, mode: string): string {
  const body = `new Blob(['${BODY}'], { type: '${type}' })`;
  return `fetch('${url}', { method: 'POST', mode: '${mode}', body: ${body} }).then(() => {})`;
}

function submitForm(url: string): string {
  return `(() => {
    const form = document.createElement('form');
    form.method = 'post';
    form.action = '${url}';
    form.enctype = 'text/plain';
    document.body.append(form);
    form.submit();
  })()`;
}
