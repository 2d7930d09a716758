/** What marks a call in whatever it sends, so that its handler and an onlooker know it again. */
export function tokenText(token: number): string {
  return `#${token};`;
}

/** The token in a text, if it has one. */
export function tokenIn(text: string): number | undefined {
  const found = /#(\d+);/.exec(text);
  return found === null ? undefined : Number(found[1]);
}

/** The token of an input that a handler got. */
export function tokenOf(input: unknown): number | undefined {
  if (typeof input === 'string') return tokenIn(input.slice(0, 16));
  if (input instanceof Uint8Array) return tokenIn(String.fromCharCode(...input.subarray(0, 16)));
  if (typeof input === 'object' && input !== null) return tokenOf((input as { token?: unknown }).token);
  return undefined;
}
