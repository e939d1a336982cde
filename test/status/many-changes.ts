import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { createEventCodec } from '../../src/order/events.ts';
import type { ChangeItem } from '../../src/status/change-item.ts';
import { singleLog } from '../../src/status/lineage.ts';
import type { StatusRecord } from '../../src/status/status-event.ts';
import { StatusHub } from '../../src/status/status-hub.ts';
import type { Subscription } from '../../src/status/subscription.ts';

const codec = createEventCodec();

/** A record of one partition: version `version` of the order, with the next offset. */
export function changeRecord(orderId: string, version: number, offset: number): StatusRecord {
  const value = codec.encodeStatusChange({
    orderId,
    customerId: `c-${orderId}`,
    merchantId: 'm',
    status: 'confirmed',
    version,
    at: offset,
    reason: null,
    cause: { partition: 0, offset },
  });
  return { partition: 0, offset, key: Buffer.from(orderId), value: Buffer.from(value) };
}

/** This many changes, each of an order of its own. */
export function changesOfOrders(count: number, from = 0): StatusRecord[] {
  return Array.from({ length: count }, (_, index) => changeRecord(`o-${from + index}`, 1, from + index));
}

/** A hub that counts how many events it decodes. */
export function countingHub(maxRecentEvents = 20_000) {
  let decoded = 0;
  const decodeStatusChange: typeof codec.decodeStatusChange = (value) => {
    decoded += 1;
    return codec.decodeStatusChange(value);
  };
  const hub = new StatusHub({
    codec: { ...codec, decodeStatusChange },
    maxWatchers: 1_000,
    maxRecentEvents,
    logger: pino(new PassThrough()),
  });
  hub.setLineage(singleLog('log'));
  hub.beginAt(0, 0);
  return { hub, decoded: () => decoded };
}

export function takeAll(subscription: Subscription): ChangeItem[] {
  const taken: ChangeItem[] = [];
  for (let next = subscription.take(); next !== undefined; next = subscription.take()) taken.push(next);
  return taken;
}
