import type { IncomingMessage } from 'node:http';
import type { Callers } from '../../base/caller.ts';
import type { PageReader } from '../../services/page-turns.ts';

export interface PageReaderDependencies {
  callers: Callers;
  responseBudget: PageReader['budget'];
}

export function pageReaderOf(
  request: IncomingMessage,
  { callers, responseBudget: budget }: PageReaderDependencies,
): PageReader {
  return { caller: callers.ofRequest(request), hasLeft: () => request.socket.destroyed, budget };
}
