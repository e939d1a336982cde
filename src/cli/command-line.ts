import { Command, CommanderError } from 'commander';
import { settingsHelp } from '../config/document.ts';
import { addDeadLetterCommands, type DeadLetterCommand } from './dead-letters/command-line.ts';
import { addEraseCommand, type EraseCommand } from './erase/command-line.ts';
import { addKeyCommands, type KeyCommand } from './keys/command-line.ts';

/** The commands; each returns the exit code. */
export interface Commands {
  serve(role: string | undefined): Promise<number>;
  config(json: boolean): Promise<number>;
  migrate(): Promise<number>;
  /** @param databases URLs of the source and the target; the target is DATABASE_URL if undefined */
  copy(databases: { from: string; to: string | undefined }): Promise<number>;
  /** @param to path of a new folder */
  backup(to: string): Promise<number>;
  acceptLoss(options: { dryRun: boolean }): Promise<number>;
  deadLetters(command: DeadLetterCommand): Promise<number>;
  keys(command: KeyCommand): Promise<number>;
  erase(command: EraseCommand): Promise<number>;
}

export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Runs the command named by the arguments and returns its exit code. @throws what the command throws */
export async function runCommandLine(args: string[], version: string, commands: Commands): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = describe(version);
  const run = (command: () => Promise<number>) => async () => {
    exitCode = await command();
  };
  const serve = program
    .command('serve')
    .description('run the service until a signal stops it: accept orders, process them, stream their status')
    .option('--role <role>', 'all, api or worker; overrides ROLE')
    .addHelpText(
      'after',
      '\nExample:\n  KAFKA_BROKERS=localhost:9092 order-system serve --role worker\n\nSettings: order-system --help',
    );
  serve.action(run(() => commands.serve(serve.opts<{ role?: string }>().role)));
  const config = program
    .command('config')
    .description('show every setting in force and where it came from, secrets masked; opens nothing')
    .option('--json', 'as JSON');
  config.action(run(() => commands.config(config.opts<{ json?: boolean }>().json === true)));
  const migrate = program
    .command('migrate')
    .description(
      'bring the tables of the store up to date; with --from, copy a whole store to another database. ' +
        'Safe to repeat',
    )
    .option('--from <url>', 'the store to copy: sqlite:<path>')
    .option(
      '--to <url>',
      'the target, without a password: postgres://user@host:5432/database; default: DATABASE_URL',
    )
    .addHelpText('after', COPY_HELP);
  migrate.action(
    run(() => {
      const { from, to } = migrate.opts<{ from?: string; to?: string }>();
      if (from !== undefined) return commands.copy({ from, to });
      if (to === undefined) return commands.migrate();
      return migrate.error('error: --to needs --from.');
    }),
  );
  program
    .command('backup')
    .description(
      'copy the embedded event log and its SQLite store, consistent with each other; the service may run or be stopped',
    )
    .argument('<to>', 'a new folder')
    .addHelpText('after', BACKUP_HELP)
    .action((to: string) => run(() => commands.backup(to))());
  const acceptLoss = program
    .command('accept-loss')
    .description('let a service start although its event log and store do not match; says what is lost')
    .option('--dry-run', 'only say what is missing; change nothing')
    .addHelpText('after', ACCEPT_LOSS_HELP);
  acceptLoss.action(
    run(() => commands.acceptLoss({ dryRun: acceptLoss.opts<{ dryRun?: boolean }>().dryRun === true })),
  );
  addDeadLetterCommands(program, (command) => run(() => commands.deadLetters(command))());
  addKeyCommands(program, (command) => run(() => commands.keys(command))());
  addEraseCommand(program, (command) => run(() => commands.erase(command))());
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return exitCode;
}

const COPY_HELP = `
A copy contains orders, their history, retrying orders, dead letters with their audit, and the progress through the event
log. The command then compares rows and checksums of both sides. Stop every service that writes to the store first: later
writes are not copied. Repeat the command to continue an interrupted copy.

Every user of the machine can read a command line, so --to takes no password: give it by PGPASSWORD, DATABASE_PASSWORD_FILE or
PGPASSFILE, or as part of DATABASE_URL.

Examples:
  DATABASE_PASSWORD_FILE=/run/secrets/orders order-system migrate --from sqlite:data/orders.db --to postgres://orders@db:5432/orders
  order-system migrate --from sqlite:data/orders.db     to the store of DATABASE_URL`;

const BACKUP_HELP = `
The copy has every order that was acknowledged before the command was started. It is complete when the folder appears. A
running service makes the copy itself and goes on accepting orders; the command asks it over DATA_DIR/control.sock, which only
the user of the service can open. To restore: stop the service, put the folder in place of DATA_DIR, start the service.

Examples:
  order-system backup /backups/2026-11-28
  docker exec <container> node dist/src/main.js backup /backups/2026-11-28`;

const ACCEPT_LOSS_HELP = `
A service refuses to start (log-mismatch) if its event log was deleted or restored, if its store was restored from a backup
older than the records the log still has, or if the store was filled from another log. If you can, restore both from one
backup instead. This command says, for each partition, which records are missing. Without --dry-run it then goes on without
them: the store adopts the log, and processing continues where the command says.

It takes the settings of the service. Stop every service that uses the store first: with the embedded log the command fails
while the service runs; with Kafka it cannot tell.

Examples:
  order-system accept-loss --dry-run
  order-system accept-loss
  docker run --rm -v <volume>:/data <image> accept-loss --dry-run`;

function describe(version: string): Command {
  return new Command('order-system')
    .description(
      'An order service that loses no acknowledged order: HTTP in, a durable event log, batched processing, live status out.',
    )
    .version(version)
    .exitOverride()
    .showHelpAfterError('Run order-system --help to see the commands and settings.')
    .addHelpText('after', () => details());
}

function details(): string {
  return `
Examples:
  order-system serve                        everything in one process, data in ./data
  PORT=8080 WORKER_THREADS=4 order-system serve
  KAFKA_BROKERS=localhost:9092 order-system serve --role api
  order-system config --json                the settings in force, and where they came from
  order-system dead-letters list            records that failed for good; also show, replay, discard
  order-system keys create --name import --scope orders:create      an API key; also list, revoke
  order-system erase --customer c-7 --dry-run     what the service has of a customer

Exit codes:
  0  done, or stopped by a signal
  1  failed, not stopped within SHUTDOWN_TIMEOUT_MS, or ended by a second signal
  2  invalid settings or usage; nothing was opened

Settings (environment variables; an empty value counts as not set):

${settingsHelp()}`;
}
