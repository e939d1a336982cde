import { createInterface } from 'node:readline/promises';

export interface Terminal {
  out: (text: string) => void;
  printError: (line: string) => void;
  /** Returns false, after printing why, if standard input is not a terminal. */
  confirm: (question: string) => Promise<boolean>;
  progressStream: NodeJS.WritableStream;
}

export interface Streams {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

export function createTerminal({ stdin, stdout, stderr }: Streams): Terminal {
  const printError = (line: string) => {
    stderr.write(`${line}\n`);
  };
  return {
    out(text) {
      stdout.write(text);
    },
    printError,
    async confirm(question) {
      if (stdin.isTTY !== true || stderr.isTTY !== true) {
        printError(`${question} This is not a terminal: give --yes to confirm.`);
        return false;
      }
      const asking = createInterface({ input: stdin, output: stderr });
      try {
        return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `)).trim());
      } finally {
        asking.close();
      }
    },
    progressStream: stderr,
  };
}
