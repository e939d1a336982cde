/** Begins every HTTP/2 connection of a client, before its frames. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Frame types of RFC 9113 section 6. */
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
export const GOAWAY = 7;

const FRAME_HEAD_BYTES = 9;
const END_STREAM_AND_HEADERS = 5;
const CANCEL = 8;

/** What a client sends first: the preface and empty settings. */
export function clientHello(): Buffer {
  return Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, Buffer.alloc(0))]);
}

/** Opens gRPC calls on new streams, and resets each at once. @param firstStream odd */
export function openAndReset(count: number, path: string, firstStream = 1): Buffer {
  const headers = callHeaders(path);
  const cancel = Buffer.from([0, 0, 0, CANCEL]);
  const frames = Array.from({ length: count }, (_, index) => {
    const stream = firstStream + 2 * index;
    return [frame(HEADERS, END_STREAM_AND_HEADERS, stream, headers), frame(RST_STREAM, 0, stream, cancel)];
  });
  return Buffer.concat(frames.flat());
}

/** Opens one gRPC call without a message. @param more headers, which may repeat @param stream odd */
export function openCall(path: string, more: [name: string, value: string][], stream: number): Buffer {
  const headers = more.flatMap(([name, value]) => [Buffer.from([0x00]), text(name), text(value)]);
  return frame(HEADERS, END_STREAM_AND_HEADERS, stream, Buffer.concat([callHeaders(path), ...headers]));
}

/** The type and the payload of the first frame; undefined while it is incomplete. */
export function firstFrame(bytes: Buffer): { type: number; payload: Buffer; rest: Buffer } | undefined {
  if (bytes.length < FRAME_HEAD_BYTES) return undefined;
  const end = FRAME_HEAD_BYTES + bytes.readUIntBE(0, 3);
  if (bytes.length < end) return undefined;
  return {
    type: bytes.readUInt8(3),
    payload: bytes.subarray(FRAME_HEAD_BYTES, end),
    rest: bytes.subarray(end),
  };
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/**
 * The headers of a gRPC call in HPACK (RFC 7541) without Huffman coding, with the indexes of its appendix A: POST, http,
 * :path, :authority, content-type.
 */
function callHeaders(path: string): Buffer {
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

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
}
