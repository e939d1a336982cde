import { runProgram } from '../../tools/support/program.ts';
import { withoutSettings } from '../../tools/support/service-process.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { Finding } from './findings.ts';

/** Runs `order-system` with the settings of a service. @returns a finding if it fails, else none */
export async function runCommand(node: ClusterNode, args: string[]): Promise<Finding[]> {
  const env = { ...withoutSettings(process.env), ...node.environment };
  const { code, stdout, stderr } = await runProgram(args, { env });
  if (code === 0) return [];
  const last = `${stdout}${stderr}`.trim().slice(-500);
  const detail = `order-system ${args.join(' ')} exited with ${code ?? 'a signal'}: ${last}`;
  return [{ kind: 'unexpected', detail }];
}
