/** The longest name that the protocol carries, in bytes of UTF-8. */
const MAX_NAME_BYTES = 255;

/**
 * Sees to it that a name can cross the wire.
 *
 * @throws TypeError where it is empty, longer than 255 bytes, or no well-formed text.
 */
export function checkName(name: string, what: string): void {
  const bytes = typeof name === 'string' ? Buffer.byteLength(name, 'utf8') : 0;
  if (bytes === 0 || bytes > MAX_NAME_BYTES || !name.isWellFormed()) {
    throw new TypeError(
      `The name of a ${what} is ${JSON.stringify(name)}; it must be text of 1 to ${MAX_NAME_BYTES} bytes.`,
    );
  }
}
