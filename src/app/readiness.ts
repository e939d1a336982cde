import { toError } from '../base/errors.ts';
import type { Readiness } from '../http/routes/operations.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { OrderReader } from '../store/order-store.ts';

/** Checks every dependency once; does not wait for one to recover. */
export async function checkReadiness(parts: {
  log: EventLog;
  reader: OrderReader;
  pipeline: Pipeline | undefined;
  isDraining: boolean;
}): Promise<Readiness> {
  const { log, reader, pipeline, isDraining } = parts;
  const checks: Record<string, string> = {
    service: isDraining ? 'draining' : 'ok',
    eventLog: log.readinessProblem() ?? 'ok',
    store: await reader.progress(log.progressName(TOPICS.commands), 0).then(
      () => 'ok',
      (error: unknown) => toError(error).message,
    ),
  };
  if (pipeline !== undefined) checks.pipeline = pipeline.readinessProblem() ?? 'ok';
  return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
}
