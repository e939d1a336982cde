/** Takes `sqlite:<path>` and `sqlite://<path>`; the path is taken as it stands, without percent decoding. */
export function parseDatabaseUrl(url) {
    if (/^postgres(ql)?:/i.test(url)) {
        return { problem: 'names PostgreSQL, which is not available yet: leave it out, or give sqlite:<path>' };
    }
    const path = /^sqlite:(?:\/\/)?(.*)$/is.exec(url)?.[1];
    if (path === undefined)
        return { problem: 'has an unknown scheme: give sqlite:<path>' };
    if (path === '' || path.startsWith(':')) {
        return { problem: 'names no file, and orders are not kept in memory: give sqlite:<path>' };
    }
    return { kind: 'sqlite', path };
}
//# sourceMappingURL=database-target.js.map