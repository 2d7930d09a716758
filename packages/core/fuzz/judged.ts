import type { Placed } from './make-body.ts';
import { REFUSED } from './reference-reader.ts';
import { same } from './same.ts';
import { Broken, promise } from './target.ts';

type Class = new (message: string) => Error;

/** What a decoder gives, or REFUSED where it throws what it may throw. */
export function attempt<T>(refusal: Class, decode: () => T): T | typeof REFUSED {
  try {
    return decode();
  } catch (error) {
    if (error instanceof refusal) return REFUSED;
    throw new Broken(`throwsOnlyRefusals: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

/** Holds what a decoder gave to what it should. The bytes are spoiled first: a value shares no memory with them. */
export function judge(given: unknown, expected: unknown, { buffer }: Placed): void {
  buffer.fill(0xff);
  if (given === REFUSED && expected === REFUSED) return;
  promise(given !== REFUSED, 'takesWhatIsSound', () => 'it refused what is sound');
  promise(expected !== REFUSED, 'refusesWhatIsNot', () => 'it took what is no value within the limits');
  promise(same(given, expected), 'readsWhatIsThere', () => 'it read another value than is there');
}
