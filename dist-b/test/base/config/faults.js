import { loadConfig } from "../../../src/base/config/config.js";
import { ServiceError } from "../../../src/base/errors.js";
/** The faults of an environment, one line each; none when it allows a start. */
export function faultsOf(environment, overrides = {}) {
    try {
        loadConfig(environment, overrides);
        return [];
    }
    catch (error) {
        if (!(error instanceof ServiceError) || error.code !== 'settings-invalid')
            throw error;
        return (error.errors ?? []).map(({ detail }) => detail);
    }
}
//# sourceMappingURL=faults.js.map