import { isIPv6 } from 'node:net';
import { ServiceError } from '../../base/errors.ts';
import { loadConfig } from '../../config/config.ts';
import { runBulkAction } from './bulk-action.ts';
import { DeadLetterClient, RequestFailed } from './client.ts';
import type { DeadLetterCommand } from './command-line.ts';
import { list, show } from './list.ts';
import { createTerminal, type Streams } from './terminal.ts';

/** Asks a running service. Returns false if it did not do all that was asked, after printing why. */
export async function runDeadLetters(command: DeadLetterCommand, streams: Streams): Promise<boolean> {
  const terminal = createTerminal(streams);
  const client = new DeadLetterClient(command.url ?? serviceUrl(loadConfig(process.env)));
  try {
    if (command.name === 'list') await list(command, client, terminal);
    else if (command.name === 'show') await show(command, client, terminal);
    else return await runBulkAction(command, client, terminal);
    return true;
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    terminal.complain(error.message);
    return false;
  }
}

/**
 * The address at which the service with these settings answers on its own machine.
 * @throws ServiceError `settings-invalid` if PORT is 0
 */
export function serviceUrl({ host, port }: { host: string; port: number }): string {
  if (port === 0) {
    throw new ServiceError(
      'settings-invalid',
      'PORT is 0, so its port is unknown: give the address of the service with --url.',
    );
  }
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}
