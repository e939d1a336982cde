import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

/** A request with these headers: name, value, name, value. Node joins the values of one name. */
export function requestWith(...rawHeaders: string[]): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.rawHeaders = rawHeaders;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    const before = message.headers[name];
    message.headers[name] = before === undefined ? value : `${String(before)}, ${value}`;
  }
  return message;
}
