import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Frame types of RFC 9113 section 6. */
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const GOAWAY = 7;

const END_STREAM_AND_HEADERS = 5;
const CANCEL = 8;

/** An HTTP/2 client that writes the frames of a hostile client, which Node's own client never sends. */
export class RawHttp2 {
  /** error code of the GOAWAY frame that the server sent */
  goaway: number | undefined;
  isClosed = false;
  readonly #socket: Socket;
  #nextStream = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    let rest = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
        const end = 9 + rest.readUIntBE(0, 3);
        if (rest[3] === GOAWAY) this.goaway = rest.readUInt32BE(13);
        rest = rest.subarray(end);
      }
    });
    socket.on('error', () => undefined);
    socket.once('close', () => (this.isClosed = true));
  }

  /** @param from local address */
  static async to(address: string, from = '127.0.0.1'): Promise<RawHttp2> {
    const [host = '', port] = address.split(':');
    const socket = connect({ host, port: Number(port), localAddress: from });
    await once(socket, 'connect');
    const client = new RawHttp2(socket);
    socket.write(PREFACE);
    socket.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)));
    return client;
  }

  /** Opens streams, and resets each in the same packet. */
  openAndReset(count: number, path: string): void {
    const frames = Array.from({ length: count }, () => {
      const stream = this.#nextStream;
      this.#nextStream += 2;
      return [
        frame(HEADERS, END_STREAM_AND_HEADERS, stream, headerBlock(path)),
        frame(RST_STREAM, 0, stream, Buffer.from([0, 0, 0, CANCEL])),
      ];
    });
    this.#socket.write(Buffer.concat(frames.flat()));
  }

  close(): void {
    this.#socket.destroy();
  }
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The headers of a gRPC call, in the indexes of RFC 7541 appendix A: POST, http, :path, :authority, content-type. */
function headerBlock(path: string): Buffer {
  const indexed = [Buffer.from([0x83, 0x86, 0x04]), text(path), Buffer.from([0x01]), text('x')];
  return Buffer.concat([...indexed, Buffer.from([0x0f, 0x10]), text('application/grpc')]);
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
}
