import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServiceProcess, withoutSettings } from '../../tools/support/service-process.ts';
import { commandsOf } from './commands.ts';
import { ROOT } from './markdown.ts';

/** Far more than a block takes on an idle machine. */
const DEADLINE_MS = 60_000;

export interface BlockOutcome {
  /** undefined when it was stopped, because it had printed something or took too long */
  code: number | undefined;
  stdout: string;
  stderr: string;
}

/**
 * Runs the shell blocks of one document, in order, against a service of its own on free ports and in a temporary
 * folder. The addresses of the documents, /tmp and the default DATA_DIR are replaced by those. `curl` fails when a
 * request is refused.
 */
export class BlockRunner {
  readonly #folder: string;
  readonly #postgresPort: number;
  #service: ServiceProcess | undefined;

  private constructor(folder: string, postgresPort: number) {
    this.#folder = folder;
    this.#postgresPort = postgresPort;
  }

  /** @param postgresPort of the server that blocks with a database use */
  static async create(postgresPort = 5432): Promise<BlockRunner> {
    const folder = await mkdtemp(join(tmpdir(), 'order-system-docs-'));
    await writeFile(join(folder, '.curlrc'), 'fail-with-body\n');
    await mkdir(join(folder, 'bin'));
    const grpcurl = join(folder, 'bin', 'grpcurl');
    const standIn = fileURLToPath(new URL('./grpcurl.js', import.meta.url));
    await writeFile(grpcurl, `#!/bin/sh\nexec '${process.execPath}' '${standIn}' "$@"\n`);
    await chmod(grpcurl, 0o755);
    return new BlockRunner(folder, postgresPort);
  }

  async close(): Promise<void> {
    await this.#service?.stop();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Runs a block to its end. */
  async run(code: string): Promise<BlockOutcome> {
    return this.#bash(code, () => false);
  }

  /** Runs a block until it has printed something, and stops it then. */
  async runUntilOutput(code: string): Promise<BlockOutcome> {
    return this.#bash(code, (stdout) => stdout !== '');
  }

  /**
   * Stops the service and runs all lines of a block but the last one, which starts a service with the settings of the
   * block: it serves the next blocks.
   * @returns what is wrong with the block; undefined when the service is ready
   */
  async start(code: string): Promise<string | undefined> {
    const lines = code.trimEnd().split('\n');
    const commands = commandsOf(this.#localised(code));
    const last = commands.at(-1);
    if (last?.words.join(' ') !== 'npm start') return 'its last line does not start a service with npm start';
    const exported = commands.filter(({ words }) => words.length === 0).map(({ environment }) => environment);
    lines.pop();
    await this.#service?.stop();
    const { code: exit, stderr } = await this.run(lines.join('\n'));
    if (exit !== 0) return stderr;
    // Without a service before, the lines have started one.
    await this.#service?.stop();
    const settings = Object.assign({ DATA_DIR: this.#dataFolder }, ...exported, last.environment) as Record<
      string,
      string
    >;
    this.#service = await ServiceProcess.start('all', settings);
    return undefined;
  }

  get #dataFolder(): string {
    return join(this.#folder, 'data');
  }

  #localised(code: string): string {
    const http = this.#service === undefined ? '127.0.0.1:3000' : new URL(this.#service.url).host;
    return code
      .replaceAll('127.0.0.1:3000', http)
      .replaceAll('127.0.0.1:50051', this.#service?.grpcAddress ?? '127.0.0.1:50051')
      .replaceAll('127.0.0.1:5432', `127.0.0.1:${this.#postgresPort}`)
      .replaceAll('/tmp/', `${this.#folder}/`)
      .replaceAll('sqlite:data/', `sqlite:${this.#dataFolder}/`);
  }

  async #bash(code: string, isDone: (stdout: string) => boolean): Promise<BlockOutcome> {
    this.#service ??= await ServiceProcess.start('all', { DATA_DIR: this.#dataFolder });
    const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', this.#localised(code)], {
      cwd: ROOT,
      env: {
        ...withoutSettings(process.env),
        PATH: `${join(this.#folder, 'bin')}:${process.env.PATH ?? ''}`,
        CURL_HOME: this.#folder,
        DATA_DIR: this.#dataFolder,
        PORT: new URL(this.#service.url).port,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what the block starts ends with it.
      detached: true,
    });
    const outcome: BlockOutcome = { code: undefined, stdout: '', stderr: '' };
    const stop = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(() => {
      outcome.stderr += `\nIt did not end within ${DEADLINE_MS} ms.`;
      stop();
    }, DEADLINE_MS);
    child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      outcome.stdout += text;
      if (isDone(outcome.stdout)) stop();
    });
    const [exit] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    return { ...outcome, code: exit ?? undefined };
  }
}
