const SECRET_NAME = /PASSWORD|PASSPHRASE|SECRET|KEY_PEM|OAUTHBEARER_CONFIG/;
const URL_CREDENTIALS = /:(?!\/\/).*@/;
const URL_SECRET_PARAMETER = /([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*/gi;

/** Replaces secrets, and passwords within URLs, by `***`. */
export function maskSecrets(name: string, value: string): string {
  if (SECRET_NAME.test(name)) return '***';
  // In a malformed URL the password may be anywhere before the last @: mask all of it.
  return value.replace(URL_CREDENTIALS, ':***@').replace(URL_SECRET_PARAMETER, '$1***');
}
