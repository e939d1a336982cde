/** Operators must see a service that refuses all other requests, and no probe must restart it because it is slow. */
export const OPERATIONAL_PATHS: ReadonlySet<string | undefined> = new Set(['/livez', '/readyz', '/metrics']);
