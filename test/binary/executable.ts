import { serviceCommand } from '../../tools/support/service-command.ts';

/** The executable under test. @throws Error if there is none */
export function executable(): string {
  if ((process.env.TEST_COMMAND ?? '') === '') throw new Error('Run these tests with `npm run test:binary`.');
  return serviceCommand()[0];
}
