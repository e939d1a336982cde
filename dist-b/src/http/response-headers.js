/** Notes a header of an answer for the documentation. */
export function textHeader(description) {
    return { type: 'string', description };
}
//# sourceMappingURL=response-headers.js.map