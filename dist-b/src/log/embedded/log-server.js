import { asBuffer, encodeBatch } from "./frames.js";
import { LogFile } from "./log-file.js";
import { toFailure, } from "./protocol.js";
import { logFailure } from "./sqlite-failure.js";
import { Upkeep } from "./upkeep.js";
/** Keeps a turn of retention to some milliseconds. */
const DROP_RECORDS = 500;
const MIN_UPKEEP_INTERVAL_MS = 50;
const MAX_UPKEEP_INTERVAL_MS = 1000;
/** Answers the main thread's calls on the log file; a fetch that finds nothing waits for an append. */
export class LogServer {
    #options;
    #post;
    #upkeep;
    #waiting = new Map();
    #opened;
    #fault;
    #appendedSinceDrop = 0;
    constructor(options, post) {
        this.#options = options;
        this.#post = post;
        const intervalMs = Math.min(Math.max(options.retentionMs / 4, MIN_UPKEEP_INTERVAL_MS), MAX_UPKEEP_INTERVAL_MS);
        this.#upkeep = new Upkeep(() => this.#keepUp(), intervalMs);
    }
    receive(message) {
        if (message.kind === 'wake') {
            this.#wake(message.reader);
            return;
        }
        try {
            this.#answer(message);
        }
        catch (thrown) {
            const error = logFailure(thrown, this.#options.file);
            if (message.kind === 'append' || message.kind === 'commit')
                this.#notice(error);
            this.#post({ kind: 'failed', call: message.call, failure: toFailure(error) }, []);
        }
    }
    close() {
        this.#upkeep.stop();
        this.#opened?.close();
    }
    get #file() {
        if (this.#opened === undefined)
            throw new Error('it is not open');
        return this.#opened;
    }
    #answer(message) {
        switch (message.kind) {
            case 'open':
                this.#opened = new LogFile(this.#options);
                this.#upkeep.start();
                this.#reply(message.call, null);
                break;
            case 'append':
                this.#append(message.call, message.body);
                break;
            case 'fetch':
                this.#fetch(message);
                break;
            case 'describe':
                this.#reply(message.call, this.#file.topic(message.body.topic).partitions.map(({ start, end, committed }) => {
                    return { start, end, committed };
                }));
                break;
            case 'commit':
                this.#file.commit(message.body.topic, message.body.nextOffsets);
                this.#reply(message.call, null);
                break;
            case 'find': {
                const found = this.#file.find(message.body.topic, message.body.key);
                this.#replyBytes(message.call, encodeBatch(found === undefined ? [] : [found]));
                break;
            }
        }
    }
    #append(call, { topics, frames }) {
        if (this.#fault !== undefined)
            this.#heal();
        const positions = this.#file.append(topics, asBuffer(frames), Date.now());
        this.#appendedSinceDrop += positions.length / 2;
        this.#post({ kind: 'done', call, reply: positions }, [positions.buffer]);
        for (const [reader, fetch] of this.#waiting) {
            if (!topics.includes(fetch.body.topic))
                continue;
            this.#waiting.delete(reader);
            this.receive(fetch);
        }
    }
    #fetch(fetch) {
        const chunks = this.#file.read(fetch.body);
        if (chunks.length === 0) {
            this.#waiting.set(fetch.body.reader, fetch);
        }
        else {
            this.#replyFetched(fetch, encodeBatch(chunks));
        }
    }
    #wake(reader) {
        const fetch = this.#waiting.get(reader);
        if (fetch === undefined)
            return;
        this.#waiting.delete(reader);
        this.#replyFetched(fetch, encodeBatch([]));
    }
    #replyFetched({ call, body }, batch) {
        const ends = this.#file.topic(body.topic).partitions.map(({ end }) => end);
        this.#post({ kind: 'done', call, reply: { batch, ends } }, [batch.buffer]);
    }
    #replyBytes(call, bytes) {
        this.#post({ kind: 'done', call, reply: bytes }, [bytes.buffer]);
    }
    #reply(call, reply) {
        this.#post({ kind: 'done', call, reply }, []);
    }
    /** @returns whether there is more to do at once */
    #keepUp() {
        try {
            if (this.#fault !== undefined)
                this.#heal();
            // Twice of what came meanwhile: dropping overtakes appending, however large the groups are.
            const budget = Math.max(DROP_RECORDS, 2 * this.#appendedSinceDrop);
            this.#appendedSinceDrop = 0;
            return this.#file.dropDue(Date.now() - this.#options.retentionMs, budget) >= budget;
        }
        catch (thrown) {
            this.#notice(logFailure(thrown, this.#options.file));
            return false;
        }
    }
    #heal() {
        this.#file.heal();
        this.#fault = undefined;
        this.#post({ kind: 'health', fault: undefined }, []);
    }
    /** A log that is only full takes more as soon as there is room; one that cannot write is checked before it does. */
    #notice(error) {
        if (error.code !== 'log-unavailable')
            return;
        this.#fault = error.message;
        this.#post({ kind: 'health', fault: error.message }, []);
    }
}
//# sourceMappingURL=log-server.js.map