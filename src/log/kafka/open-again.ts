import { ConstantBackoff, handleAll, retry } from 'cockatiel';
import { toError } from '../../base/errors.ts';
import type { KafkaOptions } from './client-settings.ts';
import { reachBroker } from './reach-broker.ts';

const PAUSE_MS = 500;

/**
 * Opens a client in place of another one. Repeats it until it succeeds, each time after a broker has accepted a connection.
 * @returns undefined if the signal ended it
 */
export async function openAgain<T>(
  open: () => Promise<T>,
  { brokers, logger }: Pick<KafkaOptions, 'brokers' | 'logger'>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const retrying = retry(handleAll, { backoff: new ConstantBackoff(PAUSE_MS) });
  const attempt = async () => {
    await reachBroker(brokers);
    if (signal.aborted) return undefined;
    return open().catch((error: unknown) => {
      logger.warn({ err: toError(error) }, 'A new Kafka client could not connect; trying again.');
      throw error;
    });
  };
  // Only the signal ends the attempts.
  return retrying.execute(attempt, signal).catch(() => undefined);
}
