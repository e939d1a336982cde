import { isIPv6 } from 'node:net';
import { ServiceError } from '../../base/errors.ts';
import { act } from './act.ts';
import { DeadLetterClient, RequestFailed } from './client.ts';
import type { DeadLetterCommand } from './command-line.ts';
import { list, show } from './list.ts';
import type { Terminal } from './terminal.ts';

/** Asks a running service; false when it did not do all that was asked, which was said then. */
export async function runDeadLetters(
  command: DeadLetterCommand,
  url: string,
  terminal: Terminal,
): Promise<boolean> {
  const client = new DeadLetterClient(url);
  try {
    if (command.name === 'list') await list(command, client, terminal);
    else if (command.name === 'show') await show(command, client, terminal);
    else return await act(command, client, terminal);
    return true;
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    terminal.complain(error.message);
    return false;
  }
}

/**
 * Where the service of these settings answers, seen from its own machine.
 * @throws ServiceError `settings-invalid` when the settings leave the port open
 */
export function serviceUrl({ host, port }: { host: string; port: number }): string {
  if (port === 0) {
    throw new ServiceError(
      'settings-invalid',
      'PORT is 0, which is any free port: name the service with --url.',
    );
  }
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}
