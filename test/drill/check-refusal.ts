import type { StartError } from '../../tools/support/service-process.ts';
import type { Finding } from './findings.ts';

/**
 * A service whose log is older than its store must not start, and must say which records are missing.
 * @param refusal why the start failed; undefined if the service was ready
 * @param progress the store's, by partition
 */
export function checkRefusal(
  refusal: Pick<StartError, 'exit' | 'output'> | undefined,
  progress: ReadonlyMap<number, number>,
): Finding | undefined {
  if (refusal === undefined) {
    return unexpected('the service started although its log ends before what its store had applied');
  }
  const { exit, output } = refusal;
  const last = output.split('\n').slice(-3).join(' ⏎ ').slice(-1_000);
  if (exit === null || exit.code === 0 || exit.code === null) {
    return unexpected(`the service did not refuse an older log by exiting with an error: ${last}`);
  }
  const namesTopic = output.includes('orders.commands');
  const namesOffset = [...progress.values()].some((offset) => new RegExp(`\\b${offset}\\b`).test(output));
  if (namesTopic && namesOffset) return undefined;
  return unexpected(`the service refused an older log without the topic and the offsets: ${last}`);
}

function unexpected(detail: string): Finding {
  return { kind: 'unexpected', detail };
}
