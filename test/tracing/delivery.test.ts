import t from 'tap';
import { DeliverySpans } from '../../src/tracing/delivery-span.ts';
import { recordingTracer } from './recorded-spans.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const change = (traceparent?: string) => ({ orderId: 'o-1', version: 2, status: 'preparing', traceparent });

await t.test('each watcher that is told of a traced order gets a span, up to eight a change', (t) => {
  const { tracer, spans } = recordingTracer();
  const deliveries = new DeliverySpans(tracer);
  const traced = change(TRACEPARENT);
  for (let watcher = 0; watcher < 1_000; watcher += 1) deliveries.add(traced, 'grpc', deliveries.now());
  t.equal(spans.length, 8);
  t.match(spans[0], {
    name: 'tell watcher',
    traceId: TRACEPARENT.slice(3, 35),
    parentSpanId: TRACEPARENT.slice(36, 52),
  });
  t.match(spans[0]?.attributes, {
    'messaging.destination.name': 'orders.status',
    'orders.order.id': 'o-1',
    'orders.order.status': 'preparing',
    'orders.watch.protocol': 'grpc',
  });
  deliveries.add(change(TRACEPARENT), 'sse', deliveries.now());
  t.equal(spans.length, 9, 'another change has its own');
  t.end();
});

await t.test('changes of orders that are not traced get no span', (t) => {
  const { tracer, spans } = recordingTracer();
  const deliveries = new DeliverySpans(tracer);
  for (const traceparent of [undefined, TRACEPARENT.replace(/01$/, '00'), 'nonsense']) {
    deliveries.add(change(traceparent), 'sse', deliveries.now());
  }
  t.same(spans, []);
  t.end();
});
