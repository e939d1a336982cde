import { ServiceError } from "../../base/errors.js";
export function toFailure(error) {
    return { code: error.code, detail: error.message, retryAfter: error.retryAfter };
}
export function fromFailure({ code, detail, retryAfter }) {
    return new ServiceError(code, detail, retryAfter === undefined ? {} : { retryAfter });
}
//# sourceMappingURL=protocol.js.map