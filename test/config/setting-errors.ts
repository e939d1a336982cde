import { loadConfig } from '../../src/config/config.ts';
import { ServiceError } from '../../src/base/errors.ts';

/** The faults of an environment, one line each; none when it allows a start. */
export function settingErrorsOf(environment: NodeJS.ProcessEnv, overrides: { role?: string } = {}): string[] {
  try {
    loadConfig(environment, overrides);
    return [];
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'settings-invalid') throw error;
    return (error.errors ?? []).map(({ detail }) => detail);
  }
}
