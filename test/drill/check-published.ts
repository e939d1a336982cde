import type { Finding } from './findings.ts';
import { groupBy } from './group-by.ts';
import type { HistoryVersion, PublishedStatus } from './read-back-types.ts';

/**
 * `orders.status` holds every version of every order, first published in order, and nothing else. A crash may publish a
 * version again at any later time: watchers drop versions that they have. Once the topic has grown, an order's later
 * versions may be in another partition; across partitions there is no order, but the watchers see one. A version in two
 * partitions was published again after the growth, so its place in the second one says nothing.
 */
export function* checkPublished(
  histories: ReadonlyMap<string, readonly HistoryVersion[]>,
  published: readonly PublishedStatus[],
): Iterable<Finding> {
  const byOrder = groupBy(published, ({ orderId }) => orderId);
  for (const [orderId, history] of histories) {
    const first = new Set(byOrder.get(orderId)?.map(({ version }) => version));
    for (const { version, status } of history) {
      if (first.has(version)) continue;
      yield { kind: 'lost', detail: `order ${orderId}: ${version} ${status} is not on orders.status` };
    }
    const publications = byOrder.get(orderId) ?? [];
    for (const inPartition of groupBy(publications, ({ partition }) => partition).values()) {
      const versions = [...new Set(inPartition.map(({ version }) => version))].filter(
        (version) => !isElsewhere(publications, version, inPartition[0]?.partition),
      );
      if (versions.every((version, index) => version >= (versions[index - 1] ?? 0))) continue;
      const detail = `order ${orderId}: its versions were published in the order ${versions.join(', ')}`;
      yield { kind: 'outOfOrder', detail };
    }
  }
  for (const [orderId, statuses] of byOrder) {
    const statusOf = new Map(histories.get(orderId)?.map(({ version, status }) => [version, status]));
    const unknown = statuses.find(({ version, status }) => statusOf.get(version) !== status);
    if (unknown === undefined) continue;
    const { version, status } = unknown;
    const detail = `order ${orderId}: ${version} ${status} is on orders.status, but not in its history`;
    yield { kind: 'unexpected', detail };
  }
}

function isElsewhere(
  publications: readonly PublishedStatus[],
  version: number,
  partition: number | undefined,
): boolean {
  return publications.some((other) => other.version === version && other.partition !== partition);
}
