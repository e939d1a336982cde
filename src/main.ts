#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { ServiceError, toError } from './base/errors.ts';
import { EXIT, runCommandLine, type Commands } from './cli/command-line.ts';

// Each command is imported when it runs, so that --help and errors in the settings appear at once.
const commands: Commands = {
  async serve(role) {
    const { serve } = await import('./cli/serve.ts');
    return serve(role, version(), (code) => process.exit(code));
  },

  async config(json) {
    const { showConfig } = await import('./cli/config.ts');
    process.stdout.write(showConfig(json, printError));
    return EXIT.ok;
  },

  async migrate() {
    const { migrateStore } = await import('./cli/migrate.ts');
    process.stdout.write(await migrateStore(printError));
    return EXIT.ok;
  },

  async copy(databases) {
    const { copyDatabase } = await import('./cli/copy.ts');
    process.stdout.write(await copyDatabase(databases, process.stderr));
    return EXIT.ok;
  },

  async backup(to) {
    const { backupCommand } = await import('./cli/backup.ts');
    process.stdout.write(await backupCommand(to, process.stderr));
    return EXIT.ok;
  },

  async acceptLoss(options) {
    const { acceptLossCommand } = await import('./cli/accept-loss.ts');
    process.stdout.write(await acceptLossCommand(options, printError));
    return EXIT.ok;
  },

  async deadLetters(command) {
    const { runDeadLetters } = await import('./cli/dead-letters/run.ts');
    return (await runDeadLetters(command, process)) ? EXIT.ok : EXIT.failed;
  },

  async keys(command) {
    const { runKeys } = await import('./cli/keys/run.ts');
    return (await runKeys(command, process)) ? EXIT.ok : EXIT.failed;
  },

  async erase(command) {
    const { runErase } = await import('./cli/erase/run.ts');
    return (await runErase(command, process)) ? EXIT.ok : EXIT.failed;
  },
};

process.exitCode = await runCommandLine(process.argv.slice(2), version(), commands).catch(explain);

function explain(thrown: unknown): number {
  if (thrown instanceof ServiceError && thrown.code === 'settings-invalid') {
    for (const { detail } of thrown.errors ?? []) printError(detail);
    printError(thrown.message);
    return EXIT.usage;
  }
  printError(thrown instanceof ServiceError ? thrown.message : (toError(thrown).stack ?? String(thrown)));
  return EXIT.failed;
}

function printError(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** This file runs as dist/src/main.js. */
function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const content: unknown = JSON.parse(text);
  const found = typeof content === 'object' && content !== null && 'version' in content && content.version;
  return typeof found === 'string' ? found : 'unknown';
}
