export function textOf(bytes) {
  return 'hello world'.padEnd(bytes, ' hello world').slice(0, bytes);
}
