import type { Finding } from './findings.ts';
import { groupBy } from './group-by.ts';
import type { HistoryVersion, PublishedStatus } from './read-back-types.ts';

/**
 * Every version of every order is on `orders.status`, and was there first when those before it were there; nothing else
 * is. A crash may have published a version again, at any later time: watchers drop what they have.
 */
export function* checkPublished(
  histories: ReadonlyMap<string, readonly HistoryVersion[]>,
  published: readonly PublishedStatus[],
): Iterable<Finding> {
  const byOrder = groupBy(published, ({ orderId }) => orderId);
  for (const [orderId, history] of histories) {
    const there = byOrder.get(orderId) ?? [];
    const seen = new Set(there.map(({ version }) => version));
    for (const { version, status } of history) {
      if (seen.has(version)) continue;
      yield { kind: 'lost', detail: `order ${orderId}: ${version} ${status} is not on orders.status` };
    }
    const first = [...seen];
    if (first.some((version, index) => version < (first[index - 1] ?? 0))) {
      const detail = `order ${orderId}: its versions came to orders.status as ${first.join(', ')}`;
      yield { kind: 'outOfOrder', detail };
    }
  }
  for (const [orderId, there] of byOrder) {
    const statusOf = new Map(histories.get(orderId)?.map(({ version, status }) => [version, status]));
    const strange = there.find(({ version, status }) => statusOf.get(version) !== status);
    if (strange === undefined) continue;
    const { version, status } = strange;
    const detail = `order ${orderId}: ${version} ${status} is on orders.status and not in its history`;
    yield { kind: 'unexplained', detail };
  }
}
