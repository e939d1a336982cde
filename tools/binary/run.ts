import { execFile } from 'node:child_process';

/** Runs a program to its end. @throws Error with its output if it fails; its cause has the error of the system, such as ENOENT */
export function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(command, args, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`${error.message}\n${stdout}${stderr}`, { cause: error }));
    });
  });
}
