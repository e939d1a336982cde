import { ServiceError } from '../../base/errors.ts';
import { exposedProblem, readSecret } from '../../config/secret-file.ts';

/** For `--help` of commands that ask a running service. */
export const TOKEN_HELP = `
If the service asks for a token or API key, set ORDER_SYSTEM_TOKEN to it, or ORDER_SYSTEM_TOKEN_FILE to the path of a file that only
you can read. There is no option for it, because every user of the machine can read a command line.`;

/** What a header can carry. */
const TOKEN = /^[\x21-\x7e]+$/;

/**
 * The token or API key that the user of a command gives to the service; undefined: none.
 * @throws ServiceError `settings-invalid`; it never contains the token
 */
export function callerToken(environment: NodeJS.ProcessEnv): string | undefined {
  const { ORDER_SYSTEM_TOKEN: given = '', ORDER_SYSTEM_TOKEN_FILE: path = '' } = environment;
  if (given !== '' && path !== '') {
    throw invalid('ORDER_SYSTEM_TOKEN and ORDER_SYSTEM_TOKEN_FILE are both set: set one of them.');
  }
  if (given === '' && path === '') return undefined;
  const [name, token] = path === '' ? ['ORDER_SYSTEM_TOKEN', given] : [`The file ${path}`, tokenOf(path)];
  if (TOKEN.test(token.trim())) return token.trim();
  throw invalid(
    `${name} contains spaces or other characters that no token or API key has: copy it again, on one line.`,
  );
}

function tokenOf(path: string): string {
  const read = readSecret(path);
  if ('problem' in read) throw invalid(`ORDER_SYSTEM_TOKEN_FILE ${path} ${read.problem}.`);
  const problem = exposedProblem(path);
  if (problem !== undefined) throw invalid(`ORDER_SYSTEM_TOKEN_FILE ${path} ${problem}.`);
  return read.secret;
}

function invalid(message: string): ServiceError {
  return new ServiceError('settings-invalid', message);
}
