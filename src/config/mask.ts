const SECRET_NAME = /PASSWORD|PASSPHRASE|SECRET|KEY_PEM|OAUTHBEARER_CONFIG/;
const URL_CREDENTIALS = /:(?!\/\/).*@/;
const URL_SECRET_PARAMETER = /([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*/gi;

/** The value as it may be shown: secrets, and passwords inside of URLs, are `***`. */
export function maskSecrets(name: string, value: string): string {
  if (SECRET_NAME.test(name)) return '***';
  // Rather too much than too little: a URL that is wrong may have its password anywhere before the last @.
  return value.replace(URL_CREDENTIALS, ':***@').replace(URL_SECRET_PARAMETER, '$1***');
}
