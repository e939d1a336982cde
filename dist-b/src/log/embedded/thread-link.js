import { Worker } from 'node:worker_threads';
import { ServiceError, toError } from "../../base/errors.js";
import { fromFailure, } from "./protocol.js";
/** The main thread's end of the log's thread. */
export class ThreadLink {
    #options;
    #threadEntry;
    #calls = new Map();
    #deathListeners = new Set();
    #worker;
    #exited = Promise.resolve();
    #closing = false;
    #lastCall = 0;
    #lastReader = 0;
    #fault;
    constructor(options, threadEntry) {
        this.#options = options;
        this.#threadEntry = threadEntry;
    }
    /** @throws ServiceError when the log cannot be opened; nothing is left running then */
    async start() {
        // What the process preloads is not needed there, and would only slow the start.
        const worker = new Worker(this.#threadEntry, { execArgv: [], workerData: this.#options });
        this.#worker = worker;
        this.#exited = new Promise((resolve) => {
            let reason = 'it ended';
            worker.on('message', (message) => this.#receive(message));
            worker.on('error', (error) => (reason = toError(error).message));
            worker.on('exit', () => {
                this.#exitedWith(reason);
                resolve();
            });
        });
        try {
            await this.call('open', null);
        }
        catch (error) {
            await this.stop();
            throw error;
        }
    }
    /**
     * @param transfer goes over to the thread and is empty here afterwards
     * @throws ServiceError the thread's own · `log-timeout` when it dies before it answers · `log-unavailable` when it
     * does not run
     */
    async call(kind, body, transfer = []) {
        if (this.#worker === undefined || this.#closing) {
            throw new ServiceError('log-unavailable', this.#fault ?? `The event log ${this.#options.file} is not open.`);
        }
        const call = ++this.#lastCall;
        const reply = new Promise((resolve, reject) => {
            this.#calls.set(call, { resolve, reject });
        });
        this.#send({ kind, call, body }, transfer);
        return await reply;
    }
    /** @returns a number to fetch and wake by */
    newReader() {
        return ++this.#lastReader;
    }
    wake(reader) {
        this.#send({ kind: 'wake', reader });
    }
    /** @returns what takes the listener off again */
    onDeath(listener) {
        this.#deathListeners.add(listener);
        return () => this.#deathListeners.delete(listener);
    }
    /** What is wrong with a log that runs or died; undefined when well. */
    fault() {
        return this.#fault;
    }
    /** Lets what was asked before be answered, closes the file and ends the thread. */
    async stop() {
        this.#closing = true;
        this.#send({ kind: 'close' });
        await this.#exited;
    }
    #send(message, transfer = []) {
        this.#worker?.postMessage(message, transfer);
    }
    #receive(message) {
        if (message.kind === 'health') {
            this.#fault = message.fault;
            return;
        }
        const pending = this.#calls.get(message.call);
        this.#calls.delete(message.call);
        if (message.kind === 'done')
            pending?.resolve(message.reply);
        else
            pending?.reject(fromFailure(message.failure));
    }
    #exitedWith(reason) {
        this.#worker = undefined;
        if (this.#closing && this.#calls.size === 0)
            return;
        this.#fault = `The thread of the event log ${this.#options.file} died: ${reason}. Restart the process.`;
        const death = new ServiceError('log-timeout', `${this.#fault} What it was asked last may be done or not.`);
        for (const { reject } of this.#calls.values())
            reject(death);
        this.#calls.clear();
        for (const listener of this.#deathListeners)
            listener(death);
    }
}
//# sourceMappingURL=thread-link.js.map