import { connect } from 'node:net';

/** Sends the text, then nothing more; resolves with what came back when the other side ends the connection. */
export function sendAndStall(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setTimeout(60_000, () => socket.destroy(new Error('The connection was kept for a minute.')));
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    // A connection that is reset was cut, too.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET') reject(error);
    });
    socket.on('close', () => resolve(answer));
  });
}
