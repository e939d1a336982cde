import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.ts';
import { serviceCommand } from './service-command.ts';

export { MAIN } from './service-command.ts';

export interface ProgramOptions {
  /** the whole environment */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** path of another compiled program; default: the service */
  program?: string;
}

export interface Outcome {
  /** null when a signal ended it */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A compiled program as a separate process. */
export class Program {
  readonly #child;
  readonly #ended: Promise<[number | null]>;
  stdout = '';
  stderr = '';

  constructor(args: string[], { env = {}, cwd, program }: ProgramOptions = {}) {
    const [command, ...first] = program === undefined ? serviceCommand() : [process.execPath, program];
    this.#child = spawn(command, [...first, ...args], {
      env,
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#ended = once(this.#child, 'close') as Promise<[number | null]>;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async wrote(text: string): Promise<void> {
    await eventually(() => this.stdout.includes(text), { what: `${text} on stdout (${this.stderr})` });
  }

  async outcome(): Promise<Outcome> {
    const [code] = await this.#ended;
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/** Runs the program to its end. */
export function runProgram(args: string[], options?: ProgramOptions): Promise<Outcome> {
  return new Program(args, options).outcome();
}
