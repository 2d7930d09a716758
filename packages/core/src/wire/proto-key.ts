const PROTO = Buffer.from('__proto__', 'latin1');

/** Whether a key of so many bytes is `__proto__`: to assign it would set a prototype. */
export function isProtoKey(bytes: Uint8Array, start: number, length: number): boolean {
  if (length !== PROTO.length || bytes[start] !== PROTO[0]) return false;
  for (let i = 1; i < length; i++) if (bytes[start + i] !== PROTO[i]) return false;
  return true;
}
