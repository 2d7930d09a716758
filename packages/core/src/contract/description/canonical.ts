import { Undescribable } from './schema-node.ts';

/** The longest description that crosses the wire, in bytes. */
export const MAX_DESCRIPTION: number = 1024 * 1024;

/**
 * A description as the text that is compared and sent: JSON as RFC 8785 writes it, keys in the order of their UTF-16
 * units, without spaces. What stands in `anyOf`, `enum` and `required` is a set: each once, in the order of its text.
 *
 * @throws Undescribable where it would be longer than a description may be.
 */
export function canonical(description: object): string {
  const text = new Writer().write(description, false);
  if (Buffer.byteLength(text, 'utf8') > MAX_DESCRIPTION) throw new Undescribable();
  return text;
}

const SETS: ReadonlySet<string> = new Set(['anyOf', 'enum', 'required']);

class Writer {
  /** What shares its parts may be short as a value and endless as text. */
  #room = MAX_DESCRIPTION;

  write(value: unknown, isSet: boolean): string {
    if (Array.isArray(value)) {
      const items = value.map((item) => this.write(item, false));
      return `[${(isSet ? [...new Set(items)].sort() : items).join(',')}]`;
    }
    if (typeof value !== 'object' || value === null) return this.#take(JSON.stringify(value));
    const entries = Object.keys(value)
      .sort()
      .map((key) => {
        const name = this.#take(JSON.stringify(key));
        return `${name}:${this.write((value as Record<string, unknown>)[key], SETS.has(key))}`;
      });
    this.#take('{}');
    return `{${entries.join(',')}}`;
  }

  #take(text: string): string {
    this.#room -= text.length;
    if (this.#room < 0) throw new Undescribable();
    return text;
  }
}
