import { ServiceError } from "../base/errors.js";
export function formatCursor({ createdAt, seq }) {
    return Buffer.from(`${createdAt}.${seq}`).toString('base64url');
}
/** @throws ServiceError `cursor-invalid` for whatever `formatCursor` would not have given out */
export function parseCursor(text) {
    const match = /^(\d{1,16})\.(\d{1,16})$/.exec(Buffer.from(text, 'base64url').toString('latin1'));
    const cursor = { createdAt: Number(match?.[1]), seq: Number(match?.[2]) };
    // Decoding base64 passes over foreign characters; only what is given out again as it came was ours.
    if (!Number.isSafeInteger(cursor.createdAt) ||
        !Number.isSafeInteger(cursor.seq) ||
        formatCursor(cursor) !== text) {
        throw new ServiceError('cursor-invalid', 'Use the nextCursor exactly as the page before gave it.');
    }
    return cursor;
}
//# sourceMappingURL=list-cursor.js.map