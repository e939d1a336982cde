const BEGIN = '<!-- values -->';
const END = '<!-- /values -->';

export interface ChartValue {
  /** such as kafka.tls.caKey */
  path: string;
  /** as in the file; a block is shortened */
  default: string;
  description: string;
}

interface Level {
  indent: number;
  key: string;
}

/**
 * The values that a values.yaml documents: each has a comment `# -- …` before it, as helm-docs expects. The comment of a block
 * covers what is in it.
 * @returns the documented values, and the paths of values that no comment covers
 */
export function readValues(text: string): { values: ChartValue[]; undocumented: string[] } {
  const values: ChartValue[] = [];
  const undocumented: string[] = [];
  const levels: Level[] = [];
  let comment: string[] = [];
  let covered: number | undefined;
  for (const line of text.split('\n')) {
    const note = /^ *# ?(.*)$/.exec(line)?.[1];
    if (note !== undefined) {
      if (note.startsWith('-- ')) comment = [note.slice(3)];
      else if (comment.length > 0) comment.push(note);
      continue;
    }
    const [, spaces = '', key, value = ''] = /^( *)([A-Za-z]\w*):(?: (.*))?$/.exec(line) ?? [];
    if (key === undefined) continue;
    const indent = spaces.length;
    while ((levels.at(-1)?.indent ?? -1) >= indent) levels.pop();
    levels.push({ indent, key });
    if (covered !== undefined && indent > covered) continue;
    covered = undefined;
    const path = levels.map((level) => level.key).join('.');
    if (comment.length > 0) {
      values.push({
        path,
        default: value === '' ? '(see values.yaml)' : value,
        description: comment.join(' '),
      });
      covered = indent;
    } else if (value !== '') undocumented.push(path);
    comment = [];
  }
  return { values, undocumented };
}

/** The README of the chart with the table of its values. @throws Error if a marker is missing */
export function withValuesTable(page: string, valuesFile: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`The page needs ${BEGIN} and, after it, ${END}.`);
  const rows = readValues(valuesFile).values.map(
    ({ path, default: byDefault, description }) => `| \`${path}\` | \`${byDefault}\` | ${description} |`,
  );
  const table = ['| Value | Default | Meaning |', '| --- | --- | --- |', ...rows].join('\n');
  return `${page.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${page.slice(end)}`;
}
