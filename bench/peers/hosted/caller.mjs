/** Calls over a channel that carries messages and no more: a number each, by which the answer finds its caller. */
export function callerOf(post, listen) {
  const waiting = new Map();
  let lastId = 0;
  listen(({ id, result }) => {
    const resolve = waiting.get(id);
    waiting.delete(id);
    resolve(result);
  });
  const ask = (method, params) =>
    new Promise((resolve) => {
      const id = ++lastId;
      waiting.set(id, resolve);
      post({ id, method, params });
    });
  return {
    call: (text) => ask('uppercase', text),
    nested: (order) => ask('confirm', order),
    blob: (number) => ask('blob', number),
    echo: (bytes) => ask('echo', bytes),
    usage: () => ask('usage'),
  };
}
