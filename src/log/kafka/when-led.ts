import { ConstantBackoff, handleWhen, retry } from 'cockatiel';
import kafka from 'node-rdkafka';

const { ERRORS } = kafka.CODES;

/** Of a partition whose leader is being elected: a moment after its topic was made, or its leader was lost. */
const LEADERLESS = new Set<unknown>([
  ERRORS.ERR_LEADER_NOT_AVAILABLE,
  ERRORS.ERR_NOT_LEADER_FOR_PARTITION,
  ERRORS.ERR_UNKNOWN_TOPIC_OR_PART,
]);

const PAUSE_MS = 100;
const MAX_REPEATS = 50;

/** Asks a partition's leader again while there is none, some seconds long. @throws what asking threw at last */
export function whenLed<T>(ask: () => Promise<T>, pauseMs = PAUSE_MS): Promise<T> {
  const again = retry(
    handleWhen((error) => 'code' in error && LEADERLESS.has(error.code)),
    { maxAttempts: MAX_REPEATS, backoff: new ConstantBackoff(pauseMs) },
  );
  return again.execute(ask);
}
