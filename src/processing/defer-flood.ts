import { composeBatch, lateBy, type Material } from './compose-batch.ts';

/** How long orders wait before they are looked at again when too many of them fail for good, milliseconds. */
const FLOOD_PAUSE_MS = 15_000;

/**
 * The same retries, but orders that would become dead letters wait on as they are: no attempt of theirs is spent, and
 * nothing of their time.
 */
export function deferFlood(material: Material): Material {
  const { loadedState, decoded, now } = material;
  const doomed = new Set(composeBatch(material, new Map()).deadLetters.map(({ orderId }) => orderId));
  const retrying = [...loadedState.retrying.values()];
  return {
    ...material,
    decoded: decoded.filter(({ command }) => !doomed.has(command.orderId)),
    loadedState: {
      ...loadedState,
      retrying: new Map(
        retrying.filter(({ orderId }) => !doomed.has(orderId)).map((order) => [order.orderId, order]),
      ),
    },
    deferred: retrying
      .filter(({ orderId }) => doomed.has(orderId))
      .map((loaded) => {
        const lateMs = loaded.lateMs + lateBy(material, loaded) + FLOOD_PAUSE_MS;
        return { loaded, next: { ...loaded, dueAt: now + FLOOD_PAUSE_MS, lateMs } };
      }),
  };
}
