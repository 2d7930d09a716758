/** A line for each message, for peers that are given texts and know no sockets. */
export function send(socket, text) {
  // One system call a tick instead of one a message.
  if (socket.writableCorked === 0) {
    socket.cork();
    process.nextTick(() => socket.uncork());
  }
  socket.write(`${text}\n`);
}

export function receive(socket, onLine) {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) onLine(line);
  });
}
