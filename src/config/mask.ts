/** Stands for a secret wherever settings are shown. */
export const MASK = '***';

const SECRET_NAME = /PASSWORD|PASSPHRASE|SECRET|TOKEN$|KEY_PEM|OAUTHBEARER_CONFIG|OTLP_(TRACES_)?HEADERS/;

/** Of the settings that are passed to librdkafka, only these are shown: a name that we do not know may be a secret. */
const KAFKA_FAMILY = /^KAFKA_(SASL|SSL)_/;
const SHOWN_IN_FAMILY =
  /(MECHANISMS?|USERNAME|PRINCIPAL|SERVICE_NAME|KEYTAB|METHOD|CLIENT_ID|SCOPE|_URL|GRANT_TYPE|ALGORITHM|SUITES|_LIST|LOCATION|CERTIFICATE_PEM|CA_PEM|PROVIDERS|VERIFICATION)$/;

const CREDENTIALS = /:(?!\/\/).*@/s;
const SECRET_PARAMETER = /([?&][^=&]*(?:password|passwd|pwd|secret|token)[^=&]*=)[^&]*/gi;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;

/** Replaces secrets, and passwords within URLs, by `***`. */
export function maskSecrets(name: string, value: string): string {
  if (value === '') return value;
  if (SECRET_NAME.test(name)) return MASK;
  if (KAFKA_FAMILY.test(name) && !SHOWN_IN_FAMILY.test(name)) return MASK;
  return name === 'DATABASE_URL' || name === 'REDIS_URL' ? maskUrl(value) : maskParts(value);
}

/** Of text that is not a URL nothing is known, such as where its password begins: all of it is masked. */
function maskUrl(value: string): string {
  if (/^sqlite:[^=@]*$/i.test(value)) return value;
  const [scheme] = SCHEME.exec(value) ?? [];
  if (scheme === undefined || !value.startsWith('//', scheme.length)) return `${scheme ?? ''}${MASK}`;
  const masked = maskParts(value);
  return URL.canParse(value) || masked !== value ? masked : `${scheme}//${MASK}`;
}

/** In a malformed URL the password may be anywhere before the last @: mask all of it. */
function maskParts(value: string): string {
  return value.replace(SECRET_PARAMETER, `$1${MASK}`).replace(CREDENTIALS, `:${MASK}@`);
}
