import { loadConfig } from '../config/config.ts';

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
  const [{ prepareDataFiles }, { loadKafka }, { startService }, { untilStopped }, { createServiceLogger }] =
    await Promise.all([
      import('../app/data-files.ts'),
      import('../app/event-log.ts'),
      import('../app/service.ts'),
      import('./until-stopped.ts'),
      import('../base/logger.ts'),
    ]);
  if (config.eventLog === 'kafka') await loadKafka();
  const fileWarnings = prepareDataFiles(config);
  const logger = await createServiceLogger(config.logLevel, { throttle: true });
  for (const warning of [...config.warnings, ...fileWarnings]) logger.warn(warning);
  const start = async () => {
    const service = await startService(config, logger, version);
    const { http } = service.addresses;
    const pages =
      config.role === 'worker'
        ? {}
        : { dashboard: `${http}/`, ...(config.documentation ? { docs: `${http}/docs` } : {}) };
    logger.info({ role: config.role, ...service.addresses, ...pages }, 'Ready.');
    return service;
  };
  return untilStopped(start, { logger, deadlineMs: config.shutdownTimeoutMs, exit });
}
