import { get } from 'node:http';
import process from 'node:process';

// Requests the given path from the service in this container. Exits with 0 if it answers 200, otherwise with 1.
const path = process.argv[2] ?? '/livez';
const port = Number(process.env.PORT || 3000);
const request = get({ host: '127.0.0.1', port, path, timeout: 4_000 }, (response) => {
  if (response.statusCode !== 200) {
    process.exitCode = 1;
    response.pipe(process.stderr);
  } else response.resume();
});
request.on('timeout', () => request.destroy(new Error(`${path} did not answer`)));
request.on('error', ({ message }) => {
  process.exitCode = 1;
  process.stderr.write(`${message}\n`);
});
