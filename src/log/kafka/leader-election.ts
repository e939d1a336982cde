import { ConstantBackoff, handleWhen, retry } from 'cockatiel';
import kafka from 'node-rdkafka';

const LEADER_RETRY_MS = 100;
const LEADER_RETRIES = 50;

const { ERRORS } = kafka.CODES;

/**
 * A partition has no leader for a moment after its topic is created or its leader fails, and then a leader that does not know
 * yet how far consumers may read.
 */
const NO_LEADER = new Set<unknown>([
  ERRORS.ERR_LEADER_NOT_AVAILABLE,
  ERRORS.ERR_NOT_LEADER_FOR_PARTITION,
  ERRORS.ERR_UNKNOWN_TOPIC_OR_PART,
  ERRORS.ERR_OFFSET_NOT_AVAILABLE,
]);

/** Repeats the query for about five seconds while the partition has no leader. @throws the last error of the query */
export function untilLeaderElected<T>(query: () => Promise<T>, pauseMs = LEADER_RETRY_MS): Promise<T> {
  const retrying = retry(
    handleWhen((error) => 'code' in error && NO_LEADER.has(error.code)),
    { maxAttempts: LEADER_RETRIES, backoff: new ConstantBackoff(pauseMs) },
  );
  return retrying.execute(query);
}
