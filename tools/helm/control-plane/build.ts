import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../kafka/jars.ts';
import { go, goModule } from '../programs.ts';
import { CONTROL_PLANE } from '../versions.ts';

export interface ControlPlanePrograms {
  /** paths */
  apiserver: string;
  etcd: string;
}

const APISERVER = `package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() { os.Exit(cli.Run(app.NewAPIServerCommand())) }
`;

const ETCD = `package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
`;

/**
 * kube-apiserver and etcd from the cache, built if they are missing: about six minutes. Neither can be installed with
 * `go install`, because their modules replace others; so each gets a small module of its own.
 */
export async function controlPlanePrograms(): Promise<ControlPlanePrograms> {
  const { kubernetes, staging, etcd } = CONTROL_PLANE;
  return {
    apiserver: await program(`kube-apiserver-${kubernetes}`, APISERVER, {
      require: `k8s.io/kubernetes ${kubernetes}`,
      replace: async () =>
        (await stagingModules(kubernetes)).map((module) => `${module} => ${module} ${staging}`),
      // Without it, the server calls itself v0.0.0-master, and Helm refuses a chart with a kubeVersion.
      variables: `-X k8s.io/component-base/version.gitVersion=${kubernetes}`,
    }),
    etcd: await program(`etcd-${etcd}`, ETCD, {
      require: `go.etcd.io/etcd/server/v3 ${etcd}`,
      replace: () => Promise.resolve([]),
      variables: '',
    }),
  };
}

/** The modules that Kubernetes replaces by folders of its repository. They are published as well, with versions of their own. */
async function stagingModules(kubernetes: string): Promise<string[]> {
  const goMod = await readFile(join(await goModule(`k8s.io/kubernetes@${kubernetes}`), 'go.mod'), 'utf8');
  return [...goMod.matchAll(/^\s*(\S+) => \.\/staging\//gm)].map(([, module]) => module ?? '');
}

async function program(
  name: string,
  source: string,
  { require, replace, variables }: { require: string; replace: () => Promise<string[]>; variables: string },
): Promise<string> {
  const path = join(cacheFolder(), 'tools', name);
  if (existsSync(path)) return path;
  console.log(`Building ${name}`);
  const folder = await mkdtemp(join(tmpdir(), 'order-system-build-'));
  try {
    const lines = ['module control-plane', 'go 1.26', `require ${require}`];
    lines.push(...(await replace()).map((line) => `replace ${line}`));
    await writeFile(join(folder, 'go.mod'), `${lines.join('\n')}\n`);
    await writeFile(join(folder, 'main.go'), source);
    await go(['mod', 'tidy'], { cwd: folder, env: { GOFLAGS: '-mod=mod' } });
    await mkdir(join(cacheFolder(), 'tools'), { recursive: true });
    const partial = `${path}.${process.pid}`;
    await go(['build', '-trimpath', `-ldflags=-s -w ${variables}`, '-o', partial, '.'], { cwd: folder });
    await rename(partial, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return path;
}
