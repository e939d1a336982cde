import type { StoreCall, ThreadRequest } from './protocol.ts';

/** How long a task of the pool took, for metrics. */
export interface TaskTimes {
  task: ThreadRequest['kind'];
  waitSeconds: number;
  runSeconds: number;
  /** the calls of the store that the thread made; empty if it crashed */
  storeCalls: readonly StoreCall[];
}

/**
 * Runs a task and reports its times, also if it fails.
 * @param queuedAt on the clock of performance.now() @param run adds the calls of the store to the list that it gets
 * @throws what `run` throws
 */
export async function measureTask<T>(
  task: TaskTimes['task'],
  queuedAt: number,
  onTask: ((times: TaskTimes) => void) | undefined,
  run: (storeCalls: StoreCall[]) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const storeCalls: StoreCall[] = [];
  try {
    return await run(storeCalls);
  } finally {
    onTask?.({
      task,
      waitSeconds: (startedAt - queuedAt) / 1000,
      runSeconds: (performance.now() - startedAt) / 1000,
      storeCalls,
    });
  }
}
