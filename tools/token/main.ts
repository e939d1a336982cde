import { relative } from 'node:path';
import { Command, Option } from 'commander';
import { SCOPES, type Scope } from '../../src/auth/scopes.ts';
import { duration, identifier, scopes } from '../../src/cli/keys/option-values.ts';
import { AUDIENCE, DevelopmentIssuer, ISSUER } from './development-issuer.ts';

interface Options {
  subject?: string;
  scope: Scope[];
  customer?: string;
  merchant?: string;
  expires: number;
  folder: string;
}

const program = new Command('npm run -s token --')
  .description('print a token for development, signed with a key pair of this machine')
  .option('--subject <name>', 'who the caller is (default: the customer or merchant, else developer)')
  .addOption(
    new Option('--scope <scopes>', `separated by commas: ${SCOPES.join(', ')}`)
      .argParser(scopes)
      .default([...SCOPES], 'all'),
  )
  .addOption(
    new Option('--customer <id>', 'limits the token to orders of this customer')
      .argParser(identifier)
      .conflicts('merchant'),
  )
  .addOption(
    new Option('--merchant <id>', 'limits the token to orders of this merchant').argParser(identifier),
  )
  .addOption(
    new Option('--expires <duration>', 'how long it is valid, such as 1h, 30m or 10s')
      .argParser(duration)
      .default(3_600_000, '1h'),
  )
  .option('--folder <path>', 'where the key pair is kept', 'data/dev-auth')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run -s token -- --customer c-123 --scope orders:create,orders:read --expires 1h\n' +
      '  TOKEN=$(npm run -s token -- --merchant m-9)\n  curl -H "authorization: Bearer $TOKEN" http://127.0.0.1:3000/v1/orders',
  );
program.parse();

const { scope, customer, merchant, expires, folder, ...options } = program.opts<Options>();
// Idempotency keys belong to the subject, so different customers need different ones.
const subject = options.subject ?? customer ?? merchant ?? 'developer';
const issuer = await DevelopmentIssuer.open(folder);
const token = await issuer.token({
  subject,
  scopes: scope,
  customerId: customer,
  merchantId: merchant,
  expiresInMs: expires,
});
if (process.stderr.isTTY) {
  const keys = relative('.', issuer.keysPath);
  process.stderr.write(
    `A service that is started like this trusts it:\n  AUTH_ISSUER=${ISSUER} AUTH_AUDIENCE=${AUDIENCE} AUTH_JWKS_FILE=${keys} npm start\n` +
      `Never trust these keys in production. The private key is in ${folder}: to end all its tokens, stop the service and remove the folder.\n\n`,
  );
}
process.stdout.write(`${token}\n`);
