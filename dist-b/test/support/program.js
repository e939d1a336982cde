import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from "./eventually.js";
/** The compiled program. */
export const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
/** The program as a process of its own. */
export class Program {
    #child;
    #ended;
    stdout = '';
    stderr = '';
    constructor(args, { env = {}, cwd, program = MAIN } = {}) {
        this.#child = spawn(process.execPath, [program, ...args], {
            env,
            cwd,
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        this.#child.stdout.setEncoding('utf8').on('data', (text) => (this.stdout += text));
        this.#child.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
        this.#ended = once(this.#child, 'close');
    }
    signal(name) {
        this.#child.kill(name);
    }
    async wrote(text) {
        await eventually(() => this.stdout.includes(text), { what: `${text} on stdout (${this.stderr})` });
    }
    async outcome() {
        const [code] = await this.#ended;
        return { code, stdout: this.stdout, stderr: this.stderr };
    }
    /** For the end of a test: nothing is left running. */
    async kill() {
        this.#child.kill('SIGKILL');
        await this.#ended;
    }
}
/** Runs the program to its end. */
export function runProgram(args, options) {
    return new Program(args, options).outcome();
}
//# sourceMappingURL=program.js.map