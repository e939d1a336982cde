import type { RunningService } from '../app/service.ts';
import type { Siblings } from '../app/processes/siblings.ts';
import type { Logger } from '../base/logger.ts';
import { loadConfig, type Config } from '../config/config.ts';

/**
 * Runs the service until a signal stops it or it fails, then ends the process.
 * @throws ServiceError `settings-invalid` before anything is opened
 */
export async function serve(
  role: string | undefined,
  version: string,
  exit: (code: number) => never,
): Promise<never> {
  const config = loadConfig(process.env, { role });
  // Imported only now, so that invalid settings are reported at once.
  const [{ prepareDataFiles }, { loadKafka }, { findSiblings }, { untilStopped }, { createServiceLogger }] =
    await Promise.all([
      import('../app/data-files.ts'),
      import('../app/event-log.ts'),
      import('../app/processes/siblings.ts'),
      import('./until-stopped.ts'),
      import('../base/logger.ts'),
    ]);
  if (config.eventLog === 'kafka') await loadKafka();
  const fileWarnings = prepareDataFiles(config);
  const siblings = findSiblings(process.env);
  const mainLogger = await createServiceLogger(config.logLevel, { throttle: true });
  const logger = siblings === undefined ? mainLogger : mainLogger.child({ process: siblings.number });
  // Several processes have the same settings: their supervisor warns once.
  if (siblings === undefined)
    for (const warning of [...config.warnings, ...fileWarnings]) logger.warn(warning);
  const start = (stopping: AbortSignal) => startAndReport({ config, logger, version, siblings, stopping });
  return untilStopped(start, { logger, deadlineMs: config.shutdownTimeoutMs, exit });
}

interface Parts {
  config: Config;
  logger: Logger;
  version: string;
  siblings: Siblings | undefined;
  stopping: AbortSignal;
}

async function startAndReport(parts: Parts): Promise<RunningService> {
  const { config, logger, siblings, stopping } = parts;
  const service = await start(parts);
  if (stopping.aborted) return service;
  if (siblings !== undefined) {
    logger.info('This process is ready.');
    await siblings.reportReady(service.addresses);
    return service;
  }
  const { http } = service.addresses;
  const pages =
    config.role === 'worker'
      ? {}
      : { dashboard: `${http}/`, ...(config.documentation ? { docs: `${http}/docs` } : {}) };
  const processes = config.apiProcesses === 1 ? {} : { processes: config.apiProcesses };
  const authentication = config.auth === undefined ? 'off' : 'on';
  logger.info({ role: config.role, ...processes, authentication, ...service.addresses, ...pages }, 'Ready.');
  return service;
}

async function start({ config, logger, version, siblings, stopping }: Parts): Promise<RunningService> {
  if (config.apiProcesses > 1 && siblings === undefined) {
    const { startProcesses } = await import('../app/processes/start-processes.ts');
    return startProcesses(config, logger, stopping);
  }
  const { startService } = await import('../app/service.ts');
  return startService(config, logger, version, siblings);
}
