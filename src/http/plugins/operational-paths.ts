/** Operators must see a service that refuses everything else, and it must not be restarted for being slow. */
export const OPERATIONAL_PATHS: ReadonlySet<string | undefined> = new Set(['/livez', '/readyz', '/metrics']);
