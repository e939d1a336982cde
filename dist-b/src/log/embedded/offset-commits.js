import { setImmediate as nextTurn } from 'node:timers/promises';
/** Writes the latest offsets noted, one call at a time: what is noted meanwhile goes with the next. */
export class OffsetCommits {
    #link;
    #topic;
    #logger;
    #noted = new Map();
    #writing;
    constructor(link, topic, logger) {
        this.#link = link;
        this.#topic = topic;
        this.#logger = logger;
    }
    note(nextOffsets) {
        this.#noted = new Map([...this.#noted, ...nextOffsets]);
        this.#writing ??= this.#write();
    }
    /** Resolves when everything noted is written, or was tried once more in vain and logged. */
    async flush() {
        await this.#writing;
        if (this.#noted.size > 0)
            await this.#write();
    }
    async #write() {
        await nextTurn();
        while (this.#noted.size > 0) {
            const nextOffsets = this.#noted;
            this.#noted = new Map();
            try {
                await this.#link.call('commit', { topic: this.#topic, nextOffsets });
            }
            catch (error) {
                this.#noted = new Map([...nextOffsets, ...this.#noted]);
                this.#logger.warn({ err: error, topic: this.#topic }, 'Offsets were not committed: the next commit tries again, a restart reads their records again');
                break;
            }
        }
        this.#writing = undefined;
    }
}
//# sourceMappingURL=offset-commits.js.map