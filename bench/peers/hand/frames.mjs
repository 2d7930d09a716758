import { Packr } from 'msgpackr';

const HEADER = 4;

const packr = new Packr({ useRecords: false });

export function send(socket, message) {
  const body = packr.pack(message);
  const frame = Buffer.allocUnsafe(HEADER + body.length);
  frame.writeUInt32BE(body.length, 0);
  frame.set(body, HEADER);
  // One system call a tick instead of one a message.
  if (socket.writableCorked === 0) {
    socket.cork();
    process.nextTick(() => socket.uncork());
  }
  socket.write(frame);
}

export function receive(socket, onMessage) {
  const pieces = [];
  let missing = HEADER;
  socket.on('data', (chunk) => {
    pieces.push(chunk);
    missing -= chunk.length;
    // A long frame is joined once it is whole: at each read would be a copy of all of it each time.
    if (missing > 0) return;
    const bytes = pieces.length === 1 ? chunk : Buffer.concat(pieces);
    pieces.length = 0;

    let offset = 0;
    let end = HEADER;
    while (bytes.length - offset >= HEADER) {
      end = offset + HEADER + bytes.readUInt32BE(offset);
      if (end > bytes.length) break;
      onMessage(packr.unpack(bytes.subarray(offset + HEADER, end)));
      offset = end;
      end = offset + HEADER;
    }
    if (offset < bytes.length) pieces.push(bytes.subarray(offset));
    missing = end - bytes.length;
  });
}
