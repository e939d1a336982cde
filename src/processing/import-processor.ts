import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ServiceError, textOf, toError } from '../base/errors.ts';
import type { Processor } from './processor-api.ts';

/** @throws ServiceError `processor-invalid`, naming the file and, where Node knows it, the line */
export async function importProcessor(path: string): Promise<Processor> {
  const url = pathToFileURL(path).href;
  let module: unknown;
  try {
    module = await import(url);
  } catch (error) {
    throw new ServiceError('processor-invalid', cannotLoad(path, url, error), { cause: error });
  }
  if (isProcessor(module)) return module;
  throw new ServiceError('processor-invalid', `The processor ${path} ${missingExport(module)}`);
}

function isProcessor(module: unknown): module is Processor {
  return (
    typeof module === 'object' &&
    module !== null &&
    'process' in module &&
    typeof module.process === 'function'
  );
}

function missingExport(module: unknown): string {
  const names = Object.keys(module ?? {});
  const found = names.length === 0 ? 'nothing' : names.join(', ');
  return `must export a function named process; it exports ${found}.`;
}

function cannotLoad(path: string, url: string, thrown: unknown): string {
  const { name, message, stack } = toError(thrown);
  const location =
    locationIn(textOf(stack)) ?? (name === 'SyntaxError' ? locationOfSyntaxError(url) : undefined);
  const kind = name === 'Error' ? '' : `${name}: `;
  const where = location === undefined ? '' : ` (at ${location})`;
  return `The processor ${path} cannot be loaded: ${kind}${textOf(message)}${where}`;
}

/** The first `file:line` or `file:line:column` outside Node and this file. */
function locationIn(stack: string): string | undefined {
  const locations = stack.matchAll(
    /(?<=^|\(|at |async )(?<file>file:\/\/\/[^\s()]+?|\/[^():\n]+)(?<line>:\d+(?::\d+)?)(?=\)|$)/gm,
  );
  for (const { groups: { file = '', line = '' } = {} } of locations) {
    if (file === import.meta.url) continue;
    return `${file.startsWith('file:') ? fileURLToPath(file) : file}${line}`;
  }
  return undefined;
}

/**
 * Node reports the location of a syntax error in an ES module only if the error is uncaught. So a child process imports the
 * module again and crashes; a module that does not compile runs no code.
 */
function locationOfSyntaxError(url: string): string | undefined {
  const script = `await import(${JSON.stringify(url)})`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 10_000,
  });
  return locationIn(stderr);
}
