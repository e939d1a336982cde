import { ServiceError } from "../base/errors.js";
import { pointerTo } from "./faults.js";
/**
 * For a route without parameters: one that is there by mistake is told rather than passed over. A schema would say the
 * same and cost every request.
 * @throws ServiceError `validation-failed`
 */
export function refuseQuery({ raw, query }) {
    if (raw.url?.includes('?') !== true)
        return;
    const name = Object.keys(query)[0];
    if (name === undefined)
        return;
    const pointer = pointerTo('', name);
    const detail = 'is not known here';
    throw new ServiceError('validation-failed', `${pointer} ${detail}`, { errors: [{ pointer, detail }] });
}
//# sourceMappingURL=query.js.map