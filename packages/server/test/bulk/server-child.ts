import { answering } from '../answering.ts';
import { implement, serve } from '../nearcall.ts';
import { depot } from './contract.ts';
import { counting } from './counting.ts';

const [address = ''] = process.argv.slice(2);

const made = new Map<number, Uint8Array<ArrayBuffer>>();

function bytesOf(size: number): Uint8Array<ArrayBuffer> {
  const bytes = made.get(size) ?? counting(size);
  made.set(size, bytes);
  return bytes;
}

await serve(address, implement(depot, { fetch: bytesOf, echo: (value) => value }));

answering({
  make: (size: number) => {
    bytesOf(size);
  },
  /** The most memory that this process has had so far, in bytes. */
  peak: () => process.resourceUsage().maxRSS * 1024,
});
