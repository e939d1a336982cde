import { toError } from '../base/errors.ts';
import { resultWithin } from '../base/within.ts';
import type { Readiness } from '../http/routes/operations.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { OrderReader } from '../store/order-store.ts';

/** Shorter than the time limits of usual probes, in milliseconds. */
const OPTIONAL_CHECK_MS = 500;

export interface ReadinessParts {
  log: Pick<EventLog, 'progressName' | 'readinessProblem'>;
  reader: Pick<OrderReader, 'progress'>;
  /** undefined for the role api */
  pipeline: Pick<Pipeline, 'readinessProblem'> | undefined;
  isDraining: boolean;
  /** HTTP answers before gRPC listens */
  isListening: boolean;
}

/**
 * Checks every dependency once; does not wait for one to recover. An api replica is ready without the store, because it accepts
 * orders without it: if it were not ready, a gateway would take out all replicas, and an outage of the store would stop intake.
 */
export async function checkReadiness({
  log,
  reader,
  pipeline,
  isDraining,
  isListening,
}: ReadinessParts): Promise<Readiness> {
  const store = reader.progress(log.progressName(TOPICS.commands), 0).then(
    () => 'ok',
    (error: unknown) => toError(error).message,
  );
  const required: Record<string, string> = {
    service: serviceCheck(isDraining, isListening),
    eventLog: log.readinessProblem() ?? 'ok',
  };
  let checks = required;
  if (pipeline === undefined) {
    const answer = await resultWithin(store, OPTIONAL_CHECK_MS);
    checks = { ...required, store: answer ?? 'the store does not answer' };
  } else {
    required.store = await store;
    required.pipeline = pipeline.readinessProblem() ?? 'ok';
  }
  return { ready: Object.values(required).every((check) => check === 'ok'), checks };
}

function serviceCheck(isDraining: boolean, isListening: boolean): string {
  if (isDraining) return 'draining';
  return isListening ? 'ok' : 'starting: not every port listens yet';
}
