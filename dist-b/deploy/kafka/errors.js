/** Everything that can go wrong with the local broker on purpose; `message` says what to do about it. */
export class LocalKafkaError extends Error {
    code;
    constructor(code, message, cause) {
        super(message, cause === undefined ? undefined : { cause });
        this.name = 'LocalKafkaError';
        this.code = code;
    }
}
export function isLocalKafkaError(thrown, code) {
    return thrown instanceof LocalKafkaError && thrown.code === code;
}
export function hasErrno(thrown, errno) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === errno;
}
//# sourceMappingURL=errors.js.map