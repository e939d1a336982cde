import { createInterface } from 'node:readline/promises';

/** The input and output of a command. */
export interface Terminal {
  out: (text: string) => void;
  complain: (line: string) => void;
  /** Returns false, and says so, if standard input is not a terminal. */
  confirm: (question: string) => Promise<boolean>;
  progressStream: NodeJS.WritableStream;
}

export interface Streams {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

export function createTerminal({ stdin, stdout, stderr }: Streams): Terminal {
  const complain = (line: string) => {
    stderr.write(`${line}\n`);
  };
  return {
    out(text) {
      stdout.write(text);
    },
    complain,
    async confirm(question) {
      if (stdin.isTTY !== true || stderr.isTTY !== true) {
        complain(`${question} This is not a terminal: give --yes to confirm.`);
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
