import { readFileSync } from 'node:fs';

interface Vector {
  readonly hex: string;
}

interface Vectors {
  readonly prefaces: readonly Vector[];
  readonly bodies: readonly Vector[];
  readonly malformedBodies: readonly Vector[];
  readonly frames: readonly Vector[];
  readonly descriptions: readonly { readonly description: string }[];
  readonly conversations: readonly { readonly steps: readonly (Vector & { readonly from: string })[] }[];
}

const file = new URL('../../../protocol/vectors.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

/** The bytes of the golden vectors, to be changed. */
export const PREFACES: readonly Buffer[] = vectors.prefaces.map(bytes);
export const BODIES: readonly Buffer[] = [...vectors.bodies, ...vectors.malformedBodies].map(bytes);
export const FRAMES: readonly Buffer[] = vectors.frames.map(bytes);
/** What frames hold behind their headers. */
export const PAYLOADS: readonly Buffer[] = FRAMES.map((frame) => frame.subarray(10));
export const DESCRIPTIONS: readonly string[] = vectors.descriptions.map(({ description }) => description);
/** What one end says in a whole conversation, for both ends. */
export const SPEECHES: readonly Buffer[] = vectors.conversations.flatMap(({ steps }) =>
  ['dialer', 'acceptor'].map((end) => Buffer.concat(steps.filter(({ from }) => from === end).map(bytes))),
);

function bytes({ hex }: Vector): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}
