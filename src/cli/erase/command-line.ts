import type { Command } from 'commander';
import { identifier } from '../keys/option-values.ts';

export interface EraseCommand {
  customer: string;
  dryRun?: true;
  /** no question is asked */
  yes?: true;
  includeOpen?: true;
  /** false with --no-rewrite */
  rewrite: boolean;
  /** undefined: the user of the operating system */
  by?: string;
}

export function addEraseCommand(program: Command, run: (command: EraseCommand) => Promise<void>): void {
  program
    .command('erase')
    .description(
      "remove a customer's personal data from the store and the embedded event log, with an audit row",
    )
    .requiredOption('--customer <id>', 'the customer, as orders name them (customerId)', identifier)
    .option('--dry-run', 'only show what the service has of the customer; change nothing')
    .option('--yes', 'do not ask for confirmation')
    .option('--include-open', 'also erase orders that are not closed; they go on under the pseudonym')
    .option('--no-rewrite', 'do not rewrite the files, so that writers do not wait; old bytes stay in them')
    .option('--by <name>', 'who requested it, for the audit row (default: the user of the operating system)')
    .addHelpText('after', HELP)
    .action((options: EraseCommand) => run(options));
}

const HELP = `
The customer's id becomes a random pseudonym. The command removes names of items, metadata, reasons, error texts and the records of
dead letters, discards unresolved dead letters, and deletes the customer's API keys. Amounts, skus, merchants, statuses and times
stay, for accounting.

It takes the settings of the service, which may run or be stopped. At the end it rewrites the files, so that no old bytes stay.
Meanwhile writers wait with SQLite and the embedded log, and writers and readers with PostgreSQL (VACUUM FULL). Run it at a quiet
time, or with --no-rewrite now and without it later. It is safe to repeat.

Kafka keeps its records until the retention of the topics, and backups keep everything: see docs/retention.md.

Examples:
  order-system erase --customer c-7 --dry-run
  order-system erase --customer c-7 --by ann
  docker compose exec worker-1 node dist/src/main.js erase --customer c-7 --yes`;
