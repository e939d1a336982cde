#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { loadConfig } from './config/config.ts';
import { ServiceError, toError } from './base/errors.ts';
import { EXIT, runCommandLine, type Commands } from './cli/command-line.ts';

// What a command needs is imported when it runs, so that --help and faults in the settings come at once.
const commands: Commands = {
  async serve(role) {
    const config = loadConfig(process.env, { role });
    const [{ createLogger }, { startService }, { untilStopped }] = await Promise.all([
      import('./base/logger.ts'),
      import('./app/service.ts'),
      import('./cli/until-stopped.ts'),
    ]);
    const logger = createLogger(config.logLevel);
    for (const warning of config.warnings) logger.warn(warning);
    const start = async () => {
      const service = await startService(config, logger, version());
      logger.info({ role: config.role, ...service.addresses }, 'Ready.');
      return service;
    };
    return untilStopped(start, {
      logger,
      deadlineMs: config.shutdownTimeoutMs,
      exit: (code) => process.exit(code),
    });
  },

  async config(json) {
    const config = loadConfig(process.env);
    const { settingsAsJson, settingsAsText } = await import('./cli/show-settings.ts');
    for (const warning of config.warnings) complain(`warning: ${warning}`);
    process.stdout.write(json ? settingsAsJson(config) : settingsAsText(config));
    return EXIT.ok;
  },

  async migrate() {
    const config = loadConfig(process.env);
    const [{ createLogger }, { migrate }] = await Promise.all([
      import('./base/logger.ts'),
      import('./store/open/migrate.ts'),
    ]);
    for (const warning of config.warnings) complain(`warning: ${warning}`);
    // The applied migrations are this command's answer; as log lines they would be said twice.
    const applied = await migrate(config.database, createLogger('warn'));
    for (const name of applied) process.stdout.write(`applied ${name}\n`);
    if (applied.length === 0) process.stdout.write('The store is up to date.\n');
    return EXIT.ok;
  },

  async copy(databases) {
    const [{ createLogger }, { copyDatabase }] = await Promise.all([
      import('./base/logger.ts'),
      import('./cli/copy-database.ts'),
    ]);
    const summary = await copyDatabase(databases, {
      targetOf: (url) => loadConfig({ ...process.env, DATABASE_URL: url }).database,
      logger: createLogger('warn'),
      progressStream: process.stderr,
    });
    process.stdout.write(summary);
    return EXIT.ok;
  },

  async deadLetters(command) {
    const [{ runDeadLetters, serviceUrl }, { createTerminal }] = await Promise.all([
      import('./cli/dead-letters/run.ts'),
      import('./cli/dead-letters/terminal.ts'),
    ]);
    const url = command.url ?? serviceUrl(loadConfig(process.env));
    const isDone = await runDeadLetters(command, url, createTerminal(process));
    return isDone ? EXIT.ok : EXIT.failed;
  },
};

process.exitCode = await runCommandLine(process.argv.slice(2), version(), commands).catch(explain);

function explain(thrown: unknown): number {
  if (thrown instanceof ServiceError && thrown.code === 'settings-invalid') {
    for (const { detail } of thrown.errors ?? []) complain(detail);
    complain(thrown.message);
    return EXIT.usage;
  }
  complain(thrown instanceof ServiceError ? thrown.message : (toError(thrown).stack ?? String(thrown)));
  return EXIT.failed;
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** This file runs as dist/src/main.js. */
function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const content: unknown = JSON.parse(text);
  const found = typeof content === 'object' && content !== null && 'version' in content && content.version;
  return typeof found === 'string' ? found : 'unknown';
}
