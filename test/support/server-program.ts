import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../../tools/support/eventually.ts';

export interface ServerProgramOptions {
  /** its name on PATH, or its path */
  command: string;
  args: readonly string[];
  /** the Debian package that has it */
  debianPackage: string;
  /** whether the server answers now */
  answers: () => Promise<boolean>;
  /** defaults to the user of this process */
  user?: { uid: number; gid: number } | undefined;
}

/** A server program, such as Redis, that can be started again. It ends with this process. */
export class ServerProgram {
  readonly #options: ServerProgramOptions;
  #child: ChildProcess | undefined;

  constructor(options: ServerProgramOptions) {
    this.#options = options;
  }

  /** Resolves when the server answers. @throws Error when the program is missing, exits or does not answer */
  async start(): Promise<void> {
    const { command, args, debianPackage, answers, user } = this.#options;
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', ...user });
    const killWithUs = (): boolean => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.off('exit', killWithUs));
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-10_000)));
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw new Error(`${command} is missing: apt-get install ${debianPackage} (Debian)`, { cause: error });
    }
    this.#child = child;
    const isUp = async () => {
      if (hasExited(child)) throw new Error(`${command} exited before it answered:\n${errors}`);
      return answers();
    };
    await eventually(isUp, { what: `${command} to answer` });
  }

  /** Sends the signal; has no effect on a program that has exited. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Resolves when the program has exited. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || hasExited(child)) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }
}

function hasExited({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
