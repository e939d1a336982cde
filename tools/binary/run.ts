import { execFile } from 'node:child_process';

/** Runs a program to its end. @throws Error with its output if it fails, or the error of the system, such as ENOENT */
export function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(command, args, (error, stdout, stderr) => {
      if (error === null) resolve();
      else if (error.code === 'ENOENT') reject(error);
      else reject(new Error(`${command} ${args.join(' ')}: ${error.message}\n${stdout}${stderr}`));
    });
  });
}
