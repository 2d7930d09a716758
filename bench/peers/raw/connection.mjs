/** What every peer gives for a connection: a client has the part of it that its kind of load asks for. */
export function connectionOf(client, socket) {
  return {
    call: (text) => client.call(text),
    rows: (count, take) => client.rows(count, take),
    rowsAtOnce: (count, take) => client.rowsAtOnce(count, take),
    change: (count, take) => client.change(count, take),
    blob: (number) => client.blob(number),
    echo: (bytes) => client.echo(bytes),
    close: () => socket.destroy(),
  };
}
