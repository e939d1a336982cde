import { fork } from 'node:child_process';
import { once } from 'node:events';
/** A process of its own whose CPU time and memory are asked for, so that the load's costs are not counted in. */
export class MeasuredProcess {
    #child;
    url;
    constructor(child, url) {
        this.#child = child;
        this.url = url;
    }
    /** Starts a compiled module and waits until it has said on stdout, in some line, on which URL it listens. */
    static async start(module, args, environment) {
        const child = fork(module, args, {
            env: { ...process.env, ...environment },
            execArgv: ['--import', new URL('./cpu-probe.js', import.meta.url).href],
            stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
        });
        return new MeasuredProcess(child, await listeningUrl(child));
    }
    async usage() {
        const answer = once(this.#child, 'message');
        this.#child.send('usage');
        const [{ cpu, rss }] = (await answer);
        return { cpuMicros: cpu.user + cpu.system, rssBytes: rss };
    }
    /** @throws Error when it does not end well */
    async stop() {
        const exited = once(this.#child, 'exit');
        this.#child.kill('SIGTERM');
        const [code] = (await exited);
        if (code !== 0)
            throw new Error(`The measured process ended with code ${code ?? 'none'}.`);
    }
}
async function listeningUrl(child) {
    let output = '';
    return new Promise((resolve, reject) => {
        child.once('exit', (code) => reject(new Error(`It ended with code ${code ?? 'none'} before it listened:\n${output}`)));
        child.stdout?.on('data', (data) => {
            output = (output + data.toString()).slice(-4_000);
            const url = /http:\/\/[\d.]+:\d+/.exec(output)?.[0];
            if (url !== undefined)
                resolve(url);
        });
    });
}
//# sourceMappingURL=measured-process.js.map