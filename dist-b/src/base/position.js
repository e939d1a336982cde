import { ServiceError } from "./errors.js";
/** `partition-offset`, as it travels in `Location: /v1/orders/{id}?position=…`. */
export function formatPosition(position) {
    return `${position.partition}-${position.offset}`;
}
/** @throws ServiceError `position-invalid` */
export function parsePosition(text) {
    const match = /^(\d{1,9})-(\d{1,15})$/.exec(text);
    if (match === null) {
        throw new ServiceError('position-invalid', 'Use the position exactly as a Location header gave it.');
    }
    return { partition: Number(match[1]), offset: Number(match[2]) };
}
//# sourceMappingURL=position.js.map