/** A command of a shell block: `NAME=value program words`. */
export interface ShellCommand {
  environment: Record<string, string>;
  /** program and arguments, unquoted */
  words: string[];
}

/**
 * The commands of a block, in order. It understands what the documents use: quotes, comments, line continuations,
 * `&&`, `||`, `;` and `|`; no here-documents.
 */
export function commandsOf(code: string): ShellCommand[] {
  return splitCommands(code.replace(/\\\n/g, ' '))
    .map(toCommand)
    .filter(({ environment, words }) => words.length > 0 || Object.keys(environment).length > 0);
}

const TOKEN =
  /(?<separator>&&|\|\||[;|\n])|(?<comment>#[^\n]*)|(?<space>[ \t]+)|(?<word>(?:'[^']*'|"(?:\\.|[^"\\])*"|[^\s;|&'"])+)|(?<other>.)/g;

function splitCommands(code: string): string[][] {
  const commands: string[][] = [[]];
  for (const { groups = {} } of code.matchAll(TOKEN)) {
    if (groups.separator !== undefined) commands.push([]);
    else if (groups.word !== undefined) commands.at(-1)?.push(groups.word);
  }
  return commands;
}

function toCommand(tokens: string[]): ShellCommand {
  const environment: Record<string, string> = {};
  const words = tokens[0] === 'export' ? tokens.slice(1) : [...tokens];
  for (let match = assignment(words[0]); match !== null; match = assignment(words[0])) {
    environment[match[1] ?? ''] = unquoted(match[2] ?? '');
    words.shift();
  }
  return { environment, words: words.map(unquoted) };
}

function assignment(word = ''): RegExpExecArray | null {
  return /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(word);
}

function unquoted(word: string): string {
  return word.replace(
    /'([^']*)'|"((?:\\.|[^"\\])*)"/g,
    (_, single?: string, double?: string) => single ?? (double ?? '').replace(/\\(.)/g, '$1'),
  );
}
