import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { sampledContext } from '../../src/base/trace-context.ts';
import { anOrder } from '../support/order-client.ts';
import { recordingTracer } from '../tracing/recorded-spans.ts';
import { startHttp, type HttpUnderTest } from './http-under-test.ts';

const CALLER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const TRACE_ID = CALLER.slice(3, 35);

const place = ({ app }: HttpUnderTest, headers: Record<string, string> = { traceparent: CALLER }) =>
  app.inject({ method: 'POST', url: '/v1/orders', headers, payload: anOrder() });

await t.test(
  'a request continues the trace of its caller, and its record continues the one of the request',
  async (t) => {
    const { tracer, spans } = recordingTracer();
    const http = await startHttp(t, { tracer });
    const { id } = (await place(http)).json<{ id: string }>();
    const [send, request] = spans.splice(0);
    t.match(request, {
      name: 'POST /v1/orders',
      kind: 1,
      traceId: TRACE_ID,
      parentSpanId: CALLER.slice(36, 52),
    });
    t.match(request?.attributes, {
      'http.request.method': 'POST',
      'http.route': '/v1/orders',
      'http.response.status_code': 202,
      'url.path': '/v1/orders',
    });
    t.match(send, {
      name: 'send orders.commands',
      kind: 3,
      traceId: TRACE_ID,
      parentSpanId: request?.spanId,
    });
    t.match(send?.attributes, {
      'messaging.system': 'kafka',
      'messaging.destination.name': 'orders.commands',
      'messaging.operation.type': 'send',
      'orders.order.id': id,
      'messaging.kafka.offset': 0,
    });
    const [record] = http.appended.splice(0);
    t.equal(record?.headers?.traceparent, send?.traceparent);
    const event = JSON.parse(record?.value?.toString() ?? '') as { traceparent: string };
    t.same(sampledContext(event.traceparent), { traceId: TRACE_ID, spanId: send?.spanId });

    await t.test('transition requests, batches and orders with a key carry their trace, too', async (t) => {
      await http.process();
      const headers = { traceparent: CALLER };
      const moved = { method: 'POST', url: `/v1/orders/${id}/transitions?position=0-0`, headers } as const;
      t.equal((await http.app.inject({ ...moved, payload: { to: 'preparing' } })).statusCode, 202);
      t.match(
        spans.splice(0).map(({ name }) => name),
        ['send orders.commands', 'POST /v1/orders/:id/transitions'],
      );
      const orders = [anOrder(), anOrder()];
      await http.app.inject({ method: 'POST', url: '/v1/orders/batch', headers, payload: { orders } });
      t.match(
        spans.splice(0).map(({ name }) => name),
        ['send orders.commands', 'send orders.commands', 'POST /v1/orders/batch'],
      );
      await place(http, { ...headers, 'idempotency-key': 'k' });
      await place(http, { ...headers, 'idempotency-key': 'k' });
      t.match(
        spans.splice(0).map(({ name }) => name),
        ['send orders.commands', 'POST /v1/orders', 'POST /v1/orders'],
        'a repeated request appends nothing',
      );
      for (const { headers } of http.appended) t.match(headers?.traceparent, TRACE_ID);
    });

    await t.test('the histogram has the trace as exemplar for those who ask for OpenMetrics', async (t) => {
      const scrape = async (accept?: string) =>
        http.app.inject({ url: '/metrics', headers: accept === undefined ? {} : { accept } });
      const plain = await scrape('text/plain');
      t.match(plain.headers['content-type'], 'text/plain; version=0.0.4');
      t.notMatch(plain.body, 'trace_id');
      const open = await scrape('application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
      t.match(open.headers['content-type'], 'application/openmetrics-text; version=1.0.0');
      const lines = open.body.split('\n').filter((line) => line.includes(`trace_id="${TRACE_ID}"`));
      t.ok(
        lines.some(
          (line) => line.startsWith('http_server_request_duration_seconds_bucket{') && line.includes('"202"'),
        ),
      );
      for (const line of lines) {
        const [, le, value] = /le="([^"]+)".* # \{[^}]*\} (\S+) \d/.exec(line) ?? [];
        t.ok(Number(value) <= (le === '+Inf' ? Infinity : Number(le)), line);
      }
      t.match(open.body, /^# TYPE orders_acknowledged counter$/m);
      t.match(open.body, /^orders_acknowledged_total 4$/m);
      t.ok(open.body.endsWith('\n# EOF\n'));
      t.match(
        (await scrape()).body,
        /^# TYPE orders_acknowledged_total counter$/m,
        'the text format is as before',
      );
    });
  },
);

await t.test('errors are logged with the trace, and their spans have failed', async (t) => {
  const { tracer, spans } = recordingTracer();
  const beforeAppend = () => {
    throw new ServiceError('log-unavailable', 'no broker');
  };
  const http = await startHttp(t, { tracer, beforeAppend });
  t.equal((await place(http)).statusCode, 503);
  const [send, request] = spans;
  t.match(send, { name: 'send orders.commands', failure: 'no broker' });
  t.match(request, { name: 'POST /v1/orders', failure: /503/, attributes: { 'error.type': '503' } });
  t.match(http.logged, [{ msg: 'request refused', trace_id: TRACE_ID, span_id: request?.spanId }]);
});

await t.test(
  'a request that is not traced has no span, no header, and passes on the context of its caller',
  async (t) => {
    const { tracer, spans } = recordingTracer({ ratio: 0 });
    const http = await startHttp(t, { tracer });
    const unsampled = CALLER.replace(/01$/, '00');
    await place(http, {});
    await place(http, { traceparent: unsampled });
    t.same(spans, []);
    t.same(
      http.appended.map(({ headers, value }) => [
        headers,
        (JSON.parse(value?.toString() ?? '') as { traceparent?: string }).traceparent,
      ]),
      [
        [undefined, undefined],
        [undefined, unsampled],
      ],
    );
  },
);

await t.test('a caller that does not decide cannot have its orders traced by workers either', async (t) => {
  const { tracer, spans } = recordingTracer({ ratio: 0, parentBased: false });
  const http = await startHttp(t, { tracer });
  await place(http);
  t.same(spans, []);
  const [record] = http.appended;
  const { traceparent } = JSON.parse(record?.value?.toString() ?? '') as { traceparent?: string };
  t.equal(sampledContext(traceparent), undefined);
  t.match(traceparent, TRACE_ID, 'log lines about the order still name the trace of the caller');
});

await t.test('probes, pages and metrics are not traced', async (t) => {
  const { tracer, spans } = recordingTracer();
  const http = await startHttp(t, { tracer });
  for (const url of ['/livez', '/readyz', '/metrics', '/', '/docs']) await http.app.inject({ url });
  t.same(spans, []);
  await http.app.inject({ url: '/v1/orders?customerId=c' });
  t.match(spans, [{ name: 'GET /v1/orders', attributes: { 'url.path': '/v1/orders' } }]);
});

await t.test('without tracing, errors still name the trace of the caller', async (t) => {
  const beforeAppend = () => {
    throw new ServiceError('log-unavailable', 'no broker');
  };
  const http = await startHttp(t, { beforeAppend });
  await place(http);
  t.match(http.logged, [{ msg: 'request refused', trace_id: TRACE_ID }]);
});
