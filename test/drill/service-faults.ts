import { pause } from './abort.ts';
import { stepClockFault } from './clock-fault.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { Fault } from './fault.ts';

type Nodes = ReadonlyMap<string, ClusterNode>;

/** The faults of service processes. Every start reuses the same data. */
export function serviceFaults(nodes: Nodes): Fault[] {
  const freezes = [freezeFault('freeze', nodes), freezeFault('zombie', nodes)];
  const hasClocks = [...nodes.values()].some(({ clock }) => clock !== undefined);
  return [killFault(nodes), restartFault(nodes), ...freezes, ...(hasClocks ? [stepClockFault(nodes)] : [])];
}

/** SIGKILL. */
function killFault(nodes: Nodes): Fault {
  return {
    kind: 'kill',
    async inject({ target, durationMs }, signal) {
      const node = nodes.get(target);
      await node?.kill();
      await pause(durationMs, signal);
      await node?.start();
    },
  };
}

/** SIGTERM, as in a deployment. */
function restartFault(nodes: Nodes): Fault {
  return {
    kind: 'restart',
    async inject({ target, durationMs }, signal) {
      const node = nodes.get(target);
      await node?.stop();
      await pause(durationMs, signal);
      await node?.start();
    },
  };
}

/** SIGSTOP, then SIGCONT: connections stay open, nothing answers, and the process cannot tell that time has passed. */
function freezeFault(kind: 'freeze' | 'zombie', nodes: Nodes): Fault {
  return {
    kind,
    async inject({ target, durationMs }, signal) {
      const node = nodes.get(target);
      node?.freeze();
      try {
        await pause(durationMs, signal);
      } finally {
        node?.thaw();
      }
    },
  };
}
