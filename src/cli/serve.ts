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
  // Imported after the settings are checked, so that their errors appear at once.
  const [{ startService }, { untilStopped }, logger] = await Promise.all([
    import('../app/service.ts'),
    import('./until-stopped.ts'),
    createServiceLogger(config),
  ]);
  for (const warning of config.warnings) logger.warn(warning);
  const start = async () => {
    const service = await startService(config, logger, version);
    const { http } = service.addresses;
    const pages = config.role === 'worker' ? {} : { dashboard: `${http}/`, docs: `${http}/docs` };
    logger.info({ role: config.role, ...service.addresses, ...pages }, 'Ready.');
    return service;
  };
  return untilStopped(start, { logger, deadlineMs: config.shutdownTimeoutMs, exit });
}

/** Readable lines on a terminal, JSON elsewhere. */
async function createServiceLogger({ logLevel }: Config): Promise<Logger> {
  const { createLogger } = await import('../base/logger.ts');
  if (!process.stdout.isTTY) return createLogger(logLevel);
  const { PinoPretty } = await import('pino-pretty');
  const format = { ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l', singleLine: true, sync: true } as const;
  return createLogger(logLevel, PinoPretty({ ...format, destination: 1 }));
}
