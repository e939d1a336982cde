import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { eventually } from "./eventually.js";
/**
 * librdkafka's mock cluster of one broker in a process of its own, so that it can be killed and frozen. It keeps
 * about 5 MB a partition, and a topic has four partitions.
 */
export class MockKafka {
    brokers;
    #process;
    constructor(process, brokers) {
        this.#process = process;
        this.brokers = brokers;
    }
    static async start() {
        const child = fork(new URL('./mock-kafka-process.js', import.meta.url));
        const [{ brokers }] = (await once(child, 'message'));
        return new MockKafka(child, brokers);
    }
    async createTopics(...topics) {
        for (const topic of topics) {
            this.#process.send({ topic });
            await this.#answerTo(topic);
        }
    }
    /** The broker holds still: connections stay, nothing answers. */
    async freeze() {
        this.#process.kill('SIGSTOP');
        await eventually(() => isStopped(this.#process.pid ?? 0), { what: 'the mock cluster to hold still' });
    }
    thaw() {
        this.#process.kill('SIGCONT');
    }
    async stop() {
        if (this.#process.exitCode !== null || this.#process.signalCode !== null)
            return;
        this.#process.kill('SIGKILL');
        await once(this.#process, 'exit');
    }
    async #answerTo(topic) {
        return new Promise((resolve, reject) => {
            const listen = (answer) => {
                if (answer.topic !== topic)
                    return;
                this.#process.off('message', listen);
                if (answer.error === undefined)
                    resolve();
                else
                    reject(new Error(`The mock cluster did not create ${topic}: ${answer.error}`));
            };
            this.#process.on('message', listen);
        });
    }
}
/** A signal takes effect some time after it is sent. */
function isStopped(pid) {
    if (process.platform === 'linux')
        return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('T');
}
//# sourceMappingURL=mock-kafka.js.map