import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { SCOPES, type Scope } from '../../auth/scopes.ts';
import { duration, identifier, scopes } from './option-values.ts';

export interface CreateCommand {
  command: 'create';
  name: string;
  scope: Scope[];
  /** undefined: the name */
  owner?: string;
  /** at most one of both */
  customer?: string;
  merchant?: string;
  /** milliseconds from now; undefined: never */
  expires?: number;
}

export interface ListCommand {
  command: 'list';
  json?: true;
}

export interface RevokeCommand {
  command: 'revoke';
  id: string;
}

export type KeyCommand = CreateCommand | ListCommand | RevokeCommand;

type Run = (command: KeyCommand) => Promise<void>;

const MAX_NAME_LENGTH = 100;

/** Adds `keys` with its subcommands; `run` gets the parsed command. */
export function addKeyCommands(program: Command, run: Run): void {
  const keys = program
    .command('keys')
    .description('create, list and revoke API keys, with which programs call the service')
    .addHelpText('after', HELP);
  keys
    .command('create')
    .description('create a key and print it, once: only a hash of it is stored')
    .requiredOption('--name <name>', 'what the key is for; shown by list', nameText)
    .requiredOption('--scope <scopes>', `what it may do, separated by commas: ${SCOPES.join(', ')}`, scopes)
    .option(
      '--owner <name>',
      'who uses it: named in audits; keys with one owner share their idempotency keys (default: the name)',
      nameText,
    )
    .addOption(
      new Option(
        '--customer <id>',
        'limits the key to orders of this customer; it may cancel them, and request no other status',
      )
        .argParser(identifier)
        .conflicts('merchant'),
    )
    .addOption(
      new Option('--merchant <id>', 'limits the key to orders of this merchant').argParser(identifier),
    )
    .option(
      '--expires <duration>',
      'how long it is valid, such as 90d, 12h or 30m (default: until it is revoked)',
      duration,
    )
    .addHelpText('after', CREATE_HELP)
    .action((options: Omit<CreateCommand, 'command'>) => run({ command: 'create', ...options }));
  keys
    .command('list')
    .description('list all keys, oldest first, without their secrets')
    .option('--json', 'as JSON')
    .action((options: Omit<ListCommand, 'command'>) => run({ command: 'list', ...options }));
  keys
    .command('revoke')
    .description('end a key for good; the service refuses it within 5 s and ends its open streams')
    .addArgument(new Argument('<id>', 'as shown by list: the part of the key after osk_').argParser(keyId))
    .action((id: string) => run({ command: 'revoke', id }));
}

const HELP = `
A caller sends its key in the header Authorization: Bearer osk_… (gRPC: the metadata authorization). The service accepts keys if it
runs with AUTH_API_KEYS=true. The commands use the store of the settings (DATABASE_URL or DATA_DIR), so run them with the
settings of the service, for example in its container; the service may be running. A key with neither --customer nor --merchant may
use all orders.

Examples:
  order-system keys create --name import --scope orders:create,orders:read --expires 90d
  order-system keys create --name 'shop 9' --scope orders:read,orders:transition --merchant m-9
  order-system keys create --name operator --scope orders:read,dead-letters:read,dead-letters:write,stats:read
  order-system keys list
  order-system keys revoke 4fT0aZ81kQbn
  docker compose exec api-1 node dist/src/main.js keys list`;

const CREATE_HELP = `
To replace a key without an interruption: create another one with the same --owner, give it to the caller, then revoke the old one.
Because of the same owner, retries with an idempotency key still find the orders that were placed with the old key.

The key goes to standard output, everything else to standard error:
  order-system keys create --name import --scope orders:create > import.key`;

function nameText(text: string): string {
  if (text.trim() !== '' && text.length <= MAX_NAME_LENGTH && !/\p{Cc}|\p{Zl}|\p{Zp}/u.test(text))
    return text;
  throw new InvalidArgumentError(`Give 1 to ${MAX_NAME_LENGTH} characters on one line.`);
}

/** A whole key would stay in the history of the shell and the list of processes. */
function keyId(text: string): string {
  if (/^[0-9A-Za-z]{12}$/.test(text)) return text;
  throw new InvalidArgumentError('Give the 12 characters after osk_ only, not the whole key.');
}
