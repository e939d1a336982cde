import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The compiled `order-system`. */
export const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** A program and its first arguments. */
export type ServiceCommand = readonly [string, ...string[]];

/**
 * How to start the service: with this Node, or as the words of TEST_COMMAND say, such as dist/bin/order-system. So tests of the
 * service can run against other builds of it.
 */
export function serviceCommand(environment: NodeJS.ProcessEnv = process.env): ServiceCommand {
  const [program, ...args] = (environment.TEST_COMMAND ?? '').split(' ').filter((word) => word !== '');
  if (program === undefined) return [process.execPath, MAIN];
  // Tests run programs in other folders.
  return [program.includes('/') ? resolve(program) : program, ...args];
}
