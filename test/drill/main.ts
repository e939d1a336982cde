import { writeFile } from 'node:fs/promises';
import { CommanderError } from 'commander';
import { runDrill } from './drill.ts';
import { isClean } from './findings.ts';
import { Interruption } from './interruption.ts';
import { isInNamespace, namespaceOptions, onParentExit, runInNamespace } from './namespace.ts';
import { readOptions, type DrillOptions } from './options.ts';
import { reportAsText } from './report.ts';

const EXIT = { clean: 0, failed: 1, usage: 2, interrupted: 130 } as const;

process.exitCode = await main();

async function main(): Promise<number> {
  const interruption = new Interruption(EXIT.interrupted);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interruption.request());
  }
  try {
    const options = readOptions(process.argv.slice(2));
    if (isInNamespace()) {
      onParentExit(() => interruption.request());
      return await drill(options, true, interruption.signal);
    }
    const namespaces = namespaceOptions();
    if (namespaces !== undefined) return await runInNamespace(namespaces, interruption.signal);
    return await drill(options, false, interruption.signal);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.clean : EXIT.usage;
    throw error;
  }
}

async function drill(options: DrillOptions, mayMount: boolean, signal: AbortSignal): Promise<number> {
  process.stderr.write(`The drill's seed is ${options.seed}.\n`);
  try {
    const report = await runDrill(options, { mayMount, signal });
    if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
    process.stdout.write(reportAsText(report));
    return isClean(report.verdict) ? EXIT.clean : EXIT.failed;
  } catch (error) {
    if (signal.aborted) {
      process.stderr.write('Interrupted; everything is cleaned up.\n');
      return EXIT.interrupted;
    }
    console.error('The drill could not be completed:', error);
    return EXIT.failed;
  }
}
