import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { withValuesTable } from './chart-values.ts';
import { withSettings } from './values-schema.ts';

const RULES = 'deploy/prometheus/rules/';
const CHART = 'deploy/helm/order-system/';

/** Everything in the Helm chart that is made from other files, as path → text. Paths are relative to the root. */
export async function chartFiles(root: URL): Promise<Map<string, string>> {
  const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');
  const valuesFile = await read(`${CHART}values.yaml`);
  const files = new Map([
    [`${CHART}values.schema.json`, withSettings(await read(`${CHART}values.schema.json`))],
    [`${CHART}README.md`, withValuesTable(await read(`${CHART}README.md`), valuesFile)],
  ]);
  // Helm reads no files outside the chart, so the chart has copies of the rules.
  for (const name of await ruleFiles(new URL(RULES, root))) {
    files.set(`${CHART}files/rules/${name}`, await read(RULES + name));
  }
  return files;
}

/** Writes them, and removes copies of rules that are gone. */
export async function writeChartFiles(root: URL): Promise<void> {
  const files = await chartFiles(root);
  await rm(new URL(`${CHART}files/rules`, root), { recursive: true, force: true });
  for (const [path, text] of files) {
    await mkdir(new URL('.', new URL(path, root)), { recursive: true });
    await writeFile(new URL(path, root), text);
  }
}

/** The names of the rule files, without those of tests. */
export async function ruleFiles(folder: URL): Promise<string[]> {
  if (!existsSync(folder)) return [];
  return (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name) && !/test/.test(name)).sort();
}
