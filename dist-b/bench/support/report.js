import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { format, summarise } from "./statistics.js";
/** Machine, versions and commit: without them a figure says nothing. */
export function machineLine() {
    const processors = cpus();
    const memory = Math.round(totalmem() / 2 ** 30);
    const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
    const model = processors[0]?.model.trim() ?? 'unknown processor';
    return `${processors.length} × ${model}, ${memory} GiB, Node ${process.version}, ${process.platform}, commit ${commit}`;
}
export function printReport(title, rows) {
    const rounds = rows[0]?.samples.length ?? 0;
    const lines = rows.map(({ name, unit, digits, samples }) => [
        name,
        `${format(summarise(samples), digits)} ${unit}`,
    ]);
    const width = Math.max(...lines.map(([name]) => name?.length ?? 0));
    console.log(`\n${title}`);
    console.log(`${machineLine()}; median (min–max) of ${rounds} interleaved rounds`);
    for (const [name = '', figures = ''] of lines)
        console.log(`  ${name.padEnd(width)}  ${figures}`);
}
/** Ours by the reference, round by round: what disturbs the machine for a while disturbs both. */
export function ratios(ours, reference) {
    return ours.map((sample, round) => sample / (reference[round] ?? Number.NaN));
}
//# sourceMappingURL=report.js.map