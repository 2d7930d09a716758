/** Cap'n Web over ws. It checks nothing, for it has no schemas; its streams have flow control, and its bytes are base64. */
export const can = ['call', 'nested', 'rows', 'rowsAtOnce', 'change', 'blob', 'echo'];

export async function serve(path) {
  const { newWebSocketRpcSession, RpcTarget } = await import('capnweb');
  const { changed, rows, rowsAtOnce } = await import('../rows.mjs');
  const { confirmed } = await import('../nested.mjs');
  const { blob } = await import('../blobs.mjs');
  const { listen } = await import('./ws/sockets.mjs');

  class Bench extends RpcTarget {
    uppercase(text) {
      return text.toUpperCase();
    }
    confirm(order) {
      return confirmed(order);
    }
    rows(count) {
      return streamOf(rows(count));
    }
    rowsAtOnce(count) {
      return streamOf(rowsAtOnce(count));
    }
    change(incoming) {
      return streamOf(incoming[Symbol.asyncIterator](), changed);
    }
    blob(number) {
      return blob(number);
    }
    echo(bytes) {
      return bytes;
    }
  }

  const { sockets, stop } = await listen(path);
  sockets.on('connection', (socket) => newWebSocketRpcSession(socket, new Bench()));
  return stop;
}

export async function connect(path) {
  const { newWebSocketRpcSession } = await import('capnweb');
  const { open } = await import('./ws/sockets.mjs');
  const socket = await open(path);
  const bench = newWebSocketRpcSession(socket);
  const takeAll = async (items, take) => {
    for await (const item of await items) take(item);
  };
  return {
    call: (text) => bench.uppercase(text),
    nested: (order) => bench.confirm(order),
    rows: (count, take) => takeAll(bench.rows(count), take),
    rowsAtOnce: (count, take) => takeAll(bench.rowsAtOnce(count), take),
    async change(count, take) {
      const { rows } = await import('../rows.mjs');
      await takeAll(bench.change(streamOf(rows(count))), take);
    },
    blob: (number) => bench.blob(number),
    echo: (bytes) => bench.echo(bytes),
    close: () => socket.terminate(),
  };
}

/** As ReadableStream.from would make it, whose streams Cap'n Web does not take for such in Node. */
function streamOf(items, change = (item) => item) {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await items.next();
      if (done) controller.close();
      else controller.enqueue(change(value));
    },
  });
}
