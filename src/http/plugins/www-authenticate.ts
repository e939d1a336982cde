import { ruleOf } from '../../auth/authorise.ts';
import { scopeOf } from '../../auth/rules.ts';
import { hasCode, ServiceError } from '../../base/errors.ts';

const SCHEME = 'Bearer realm="order-system"';

/**
 * The value of WWW-Authenticate for a refused request (RFC 6750, section 3).
 * @param operation see `authorise`
 * @returns undefined if other credentials would not help
 */
export function challengeOf(error: Error, operation: string, hasCredentials: boolean): string | undefined {
  if (!(error instanceof ServiceError)) return undefined;
  if (hasCode(error, 'unauthenticated')) {
    if (!hasCredentials) return SCHEME;
    return `${SCHEME}, error="invalid_token", error_description="${quotable(error.callerMessage)}"`;
  }
  if (!hasCode(error, 'scope-missing')) return undefined;
  const rule = ruleOf(operation);
  const scope = (rule && scopeOf(rule)) ?? '';
  return `${SCHEME}, error="insufficient_scope", scope="${scope}"`;
}

/** Only the characters that RFC 6750 allows in a description. */
function quotable(text: string): string {
  return text.replace(/["\\`]/g, "'").replace(/[^\x20-\x7e]/g, '?');
}
