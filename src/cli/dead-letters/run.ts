import { isIPv6 } from 'node:net';
import { ServiceError } from '../../base/errors.ts';
import { loadConfig } from '../../config/config.ts';
import { callerToken } from './caller-token.ts';
import { runBulkCommand } from './bulk-action.ts';
import { DeadLetterClient, RequestFailed } from './client.ts';
import type { DeadLetterCommand } from './command-line.ts';
import { list, show } from './list.ts';
import { createTerminal, type Streams } from './terminal.ts';

/** Runs a command against a running service. Returns false if it did not finish, after printing why. */
export async function runDeadLetters(command: DeadLetterCommand, streams: Streams): Promise<boolean> {
  const terminal = createTerminal(streams);
  const token = callerToken(process.env);
  const url = command.url ?? serviceUrl(loadConfig(process.env, { listens: false }));
  const client = new DeadLetterClient(url, token);
  try {
    if (command.name === 'list') await list(command, client, terminal);
    else if (command.name === 'show') await show(command, client, terminal);
    else return await runBulkCommand(command, client, terminal);
    return true;
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    terminal.printError(error.message);
    return false;
  }
}

/**
 * The address of the service with these settings, as reached from its own machine.
 * @throws ServiceError `settings-invalid` if PORT is 0
 */
export function serviceUrl({ host, port }: { host: string; port: number }): string {
  if (port === 0) {
    throw new ServiceError(
      'settings-invalid',
      'PORT is 0, so the port of the service is unknown: give its address with --url.',
    );
  }
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}
