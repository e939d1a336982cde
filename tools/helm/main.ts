import { program } from 'commander';
import { toError } from '../../src/base/errors.ts';
import { SCHEMAS } from './chart.ts';
import { checkChart } from './check.ts';
import { checkOnControlPlane } from './control-plane/check.ts';
import { writeSchemas } from './write-schemas.ts';

program
  .name('check:helm')
  .description(
    'Checks the Helm chart offline. The first run builds helm, kubeconform and kube-score with Go.',
  )
  .option('--write-schemas', 'write deploy/helm/schemas again, from the versions in tools/helm/versions.ts')
  .option(
    '--control-plane',
    'also install every example on a kube-apiserver, which the first run builds (6 minutes)',
  )
  .parse();

const { writeSchemas: writes, controlPlane } = program.opts<{ writeSchemas?: true; controlPlane?: true }>();

try {
  if (writes === true) await writeSchemas(SCHEMAS);
  await checkChart((line) => console.log(line));
  if (controlPlane === true) await checkOnControlPlane((line) => console.log(line));
} catch (error) {
  console.error(toError(error).message);
  process.exitCode = 1;
}
