import { Agent, request } from 'node:http';
import type { BeginCall } from '../../../src/processing/processor-calls.ts';

const TIMEOUT_MS = 2_000;

export interface MerchantCalls {
  begin: BeginCall;
  /** milliseconds that each call took, also those that failed */
  milliseconds: number[];
  failed: number;
  close: () => void;
}

/** Calls of a processor that asks a merchant over HTTP. A call that takes more than two seconds fails and may be repeated. */
export function askMerchant(url: string): MerchantCalls {
  const agent = new Agent({ keepAlive: true });
  const calls: MerchantCalls = { begin, milliseconds: [], failed: 0, close: () => agent.destroy() };
  return calls;

  function begin(
    { command }: Parameters<BeginCall>[0],
    onEnd: Parameters<BeginCall>[1],
  ): ReturnType<BeginCall> {
    const startedAt = performance.now();
    let hasEnded = false;
    const end = (isConfirmed: boolean) => {
      if (hasEnded) return;
      hasEnded = true;
      calls.milliseconds.push(performance.now() - startedAt);
      if (!isConfirmed) calls.failed += 1;
      onEnd(
        isConfirmed
          ? { status: 'confirmed', reason: null }
          : { status: 'retry', reason: 'The merchant does not answer.' },
      );
    };
    const sent = request(url, { method: 'POST', agent, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const fail = () => end(false);
    sent.on('response', (response) =>
      response
        .on('end', () => end(true))
        .on('error', fail)
        .resume(),
    );
    sent.on('error', fail);
    sent.end(JSON.stringify(command.order));
    return () => sent.destroy();
  }
}
