/** The appends in flight, each under a small number that is used again: what librdkafka carries along is cheap. */
export class PendingAppends {
    #slots = [];
    #free = [];
    #drained;
    get count() {
        return this.#slots.length - this.#free.length;
    }
    add(append) {
        const slot = this.#free.pop() ?? this.#slots.length;
        this.#slots[slot] = append;
        return slot;
    }
    /** Undefined when the append was settled before. */
    take(slot) {
        const append = this.#slots[slot];
        if (append === undefined)
            return undefined;
        this.#slots[slot] = undefined;
        this.#free.push(slot);
        if (this.count === 0)
            this.#drained?.();
        return append;
    }
    rejectAll(errorOf) {
        for (const slot of this.#slots.keys()) {
            const append = this.take(slot);
            append?.reject(errorOf(append));
        }
    }
    /** Resolves when nothing is in flight; one waits at a time. */
    async drained() {
        if (this.count === 0)
            return;
        await new Promise((resolve) => (this.#drained = resolve));
    }
}
//# sourceMappingURL=pending-appends.js.map