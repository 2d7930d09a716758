import type { Random } from './random.ts';

/** How a link carries bytes. */
export interface LinkStyle {
  /** The most milliseconds that a delivery takes. */
  readonly latency: number;
  /** How likely a reader stalls before a delivery, and for how long at most. */
  readonly stalls: number;
  readonly stallTime: number;
  /** How what has come is cut. */
  readonly cuts: 'none' | 'some' | 'tiny';
  /** The bytes that the kernel takes; what is sent beyond stays in the sender's process. */
  readonly capacity: number;
  /** What a byte counts for in `queued`: so that small messages press as hard as large ones. */
  readonly weight: number;
  /** Whether the memory that was read into is used again at once. */
  readonly reuses: boolean;
}

/** What becomes of the bytes of one delivery, in a world that is broken on purpose. */
export type Distort = (bytes: Buffer) => readonly Buffer[];

/** What Node reads at once. */
const READ_AT_MOST = 65_536;

/** How many of the bytes that have come are read now. */
export function cut(random: Random, { cuts }: LinkStyle, length: number): number {
  // However long it is, it is read in some dozens of pieces.
  if (cuts === 'tiny') return Math.min(length, random.between(1, 16) + (length >> 4));
  if (cuts === 'some' && random.chance(0.5)) return Math.max(1, Math.min(length, random.below(length + 1)));
  return Math.min(length, READ_AT_MOST);
}
