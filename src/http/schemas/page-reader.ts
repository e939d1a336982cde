import type { IncomingMessage } from 'node:http';
import type { Callers } from '../../base/caller.ts';
import type { PageReader } from '../../services/page-turns.ts';

export function pageReaderOf(request: IncomingMessage, callers: Callers): PageReader {
  return { caller: callers.ofRequest(request), hasLeft: () => request.socket.destroyed };
}
