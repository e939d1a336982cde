import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../support/free-ports.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { controlPlanePrograms } from './build.ts';
import { KubernetesClient } from './client.ts';

const START_DEADLINE_MS = 120_000;

/** A kube-apiserver and an etcd on loopback, in a temporary folder. There are no controllers, no scheduler and no kubelet. */
export class ControlPlane {
  readonly client: KubernetesClient;
  /** path, for helm */
  readonly kubeconfig: string;
  readonly #folder: string;
  readonly #processes: ChildProcess[];

  private constructor(client: KubernetesClient, folder: string, processes: ChildProcess[]) {
    this.client = client;
    this.kubeconfig = join(folder, 'kubeconfig');
    this.#folder = folder;
    this.#processes = processes;
  }

  /** @throws Error with the log of kube-apiserver if it does not become ready */
  static async start(): Promise<ControlPlane> {
    const programs = await controlPlanePrograms();
    const folder = await mkdtemp(join(tmpdir(), 'order-system-control-plane-'));
    const [etcdPort = 0, peerPort = 0, port = 0] = await freePorts(3);
    const processes = [
      startProgram(programs.etcd, etcdOptions(folder, etcdPort, peerPort), join(folder, 'etcd')),
    ];
    const token = randomBytes(16).toString('hex');
    const options = await apiserverOptions({ folder, etcdPort, port, token });
    const log = join(folder, 'apiserver');
    processes.unshift(startProgram(programs.apiserver, options, log));
    const client = new KubernetesClient({ port, token, ca: join(folder, 'apiserver.crt') });
    const controlPlane = new ControlPlane(client, folder, processes);
    if (!(await waitUntil(() => client.isReady(), { deadlineMs: START_DEADLINE_MS, everyMs: 250 }))) {
      const lines = await readFile(`${log}.log`, 'utf8');
      await controlPlane.stop();
      throw new Error(`kube-apiserver did not become ready:\n${lines.slice(-4_000)}`);
    }
    await writeFile(controlPlane.kubeconfig, kubeconfig(folder, port, token), { mode: 0o600 });
    return controlPlane;
  }

  async stop(): Promise<void> {
    for (const process of this.#processes) {
      if (process.exitCode !== null || process.signalCode !== null) continue;
      process.kill('SIGTERM');
      await once(process, 'exit');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function startProgram(path: string, options: string[], log: string): ChildProcess {
  const child = spawn(path, options, { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.pipe(createWriteStream(`${log}.log`));
  return child;
}

function etcdOptions(folder: string, clientPort: number, peerPort: number): string[] {
  const [client, peer] = [clientPort, peerPort].map((port) => `http://127.0.0.1:${port}`);
  return [
    `--data-dir=${join(folder, 'etcd-data')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
  ];
}

interface ApiserverParts {
  folder: string;
  etcdPort: number;
  port: number;
  token: string;
}

async function apiserverOptions({ folder, etcdPort, port, token }: ApiserverParts): Promise<string[]> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const [signingKey, verifyingKey, tokens] = ['signing.key', 'signing.pub', 'tokens.csv'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(signingKey, privateKey, { mode: 0o600 });
  await writeFile(verifyingKey, publicKey);
  await writeFile(tokens, `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${folder}`,
    `--token-auth-file=${tokens}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${signingKey}`,
    `--service-account-key-file=${verifyingKey}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--endpoint-reconciler-type=none',
  ];
}

function kubeconfig(folder: string, port: number, token: string): string {
  const certificate = join(folder, 'apiserver.crt');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'local',
        cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority': certificate },
      },
    ],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'local', context: { cluster: 'local', user: 'admin' } }],
    'current-context': 'local',
  });
}
