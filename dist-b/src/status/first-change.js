/** Watches an order for its next change. Begin before the cause of the change is sent, so that none can be missed. */
export function watchFirstChange(hub, orderId) {
    let seen;
    let wake;
    const unwatch = hub.watch(orderId, (change) => {
        seen ??= change;
        wake?.(seen);
    });
    return {
        within(timeoutMs) {
            if (seen !== undefined || unwatch === undefined)
                return Promise.resolve(seen);
            return new Promise((resolve) => {
                const timer = setTimeout(resolve, timeoutMs, undefined);
                wake = (change) => {
                    clearTimeout(timer);
                    resolve(change);
                };
            });
        },
        cancel() {
            unwatch?.();
            wake?.(undefined);
        },
    };
}
//# sourceMappingURL=first-change.js.map