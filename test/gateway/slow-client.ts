import { connect } from 'node:net';

/** Sends the text and nothing more; resolves with the response when the server closes the connection. */
export function sendAndStall(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let response = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setTimeout(60_000, () => socket.destroy(new Error('The connection was kept for a minute.')));
    socket.setEncoding('utf8').on('data', (chunk: string) => (response += chunk));
    // A reset also closes the connection.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET') reject(error);
    });
    socket.on('close', () => resolve(response));
  });
}
