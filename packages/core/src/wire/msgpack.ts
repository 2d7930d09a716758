/**
 * The one import of msgpackr. Its extension table belongs to the whole process, so the build bundles a copy that
 * nobody else can register anything in. It is loaded by the first value that needs it: most processes send plain values
 * alone, which need it not, and a cold client's first answer is there 4 ms sooner (of 22 over Node and zod).
 *
 * msgpackr alone does not carry what nearcall carries: it loses -0, makes one kind of Map and plain object, and reads
 * extensions of its own from anybody. So nothing is packed that `portable.ts` has not prepared, and nothing is unpacked that
 * `inspect.ts` has not passed.
 */
import { createRequire } from 'node:module';
import type { addExtension, Packr } from 'msgpackr';
import { Collections } from './collections.ts';
import { EXTENSION } from './extension.ts';

type Library = { addExtension: typeof addExtension; Packr: typeof Packr };

let packr: Packr | undefined;

function loaded(): Packr {
  packr ??= load();
  return packr;
}

function load(): Packr {
  const library = required();
  for (const extension of EXTENSIONS) {
    library.addExtension(extension as unknown as Parameters<typeof addExtension>[0]);
  }
  return new library.Packr({
    useRecords: false,
    variableMapSize: true,
    useBigIntExtension: true,
    copyBuffers: true,
    // Reached only by a getter that gives something else when it is read again.
    writeFunction() {
      throw new TypeError('a getter gave a function the second time it was read');
    },
    // Without this a key named toJSON would decide how its object is written.
    useToJSON: false,
  } as ConstructorParameters<typeof Packr>[0]);
}

/**
 * The build puts msgpackr in the place of the second `require`, as a function that is called there and then, so that
 * there is no file to find, whatever a bundler makes of ours. From the sources there may be no `require`. The entry is the
 * one whose CommonJS is without native code.
 */
function required(): Library {
  if (typeof require === 'undefined') return createRequire(import.meta.url)('msgpackr/index-no-eval') as Library;
  return require('msgpackr/index-no-eval') as Library;
}

/** A Map whose entries are packed already, as one array of key, value, key, value. */
export class PackedMap {
  readonly bytes: Uint8Array;
  constructor(entries: readonly unknown[]) {
    this.bytes = pack(entries);
  }
}

/** A Set whose members are packed already, as one array. */
export class PackedSet {
  readonly bytes: Uint8Array;
  constructor(members: readonly unknown[]) {
    this.bytes = pack(members);
  }
}

/** Stands for -0, which msgpackr would write as the integer 0. */
export class NegativeZero {}

/** The bytes that are being unpacked, for the extensions that hold values of their own. */
let source: Uint8Array;
const collections = new Collections();

type ReadAt = (position: number) => unknown;
type Allocate = (size: number) => { target: Uint8Array; position: number };

/** The array inside an extension. msgpackr gives no `readAt` for a payload of one byte: only an empty array is so short. */
function readInner(data: Uint8Array, readAt: ReadAt | undefined): unknown[] {
  return readAt === undefined ? [] : (readAt(data.byteOffset - source.byteOffset) as unknown[]);
}

interface Extension {
  Class: unknown;
  type: number;
  pack(value: never, allocate: Allocate): Uint8Array | undefined;
  unpack(data: Uint8Array, readAt?: ReadAt): unknown;
}

const NEGATIVE_ZERO_BYTES = [0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0];

const EXTENSIONS: readonly Extension[] = [
  {
    Class: PackedMap,
    type: EXTENSION.map,
    pack: (value: PackedMap) => value.bytes,
    unpack: (data, readAt) => collections.map(readInner(data, readAt)),
  },
  {
    Class: PackedSet,
    type: EXTENSION.set,
    pack: (value: PackedSet) => value.bytes,
    unpack: (data, readAt) => collections.set(readInner(data, readAt)),
  },
  {
    Class: NegativeZero,
    // It writes a float and no extension; a type that the wire refuses keeps it from ever being read as one.
    type: 0x7f,
    pack(_value: NegativeZero, allocate) {
      const { target, position } = allocate(NEGATIVE_ZERO_BYTES.length);
      target.set(NEGATIVE_ZERO_BYTES, position);
      return undefined;
    },
    unpack() {
      throw new Error('unreachable: this extension is refused before unpacking');
    },
  },
];

/** A prepared value as msgpack. The result stays valid: later calls do not write over it. */
export function pack(prepared: unknown): Uint8Array {
  return loaded().pack(prepared);
}

/**
 * The source class that msgpackr reads fastest from: a Buffer, so that its native string readers are used, whose
 * `slice` and `subarray` give plain Uint8Arrays, so that nobody gets a Buffer where a Uint8Array was sent.
 */
class Source extends Uint8Array {
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }

  /**
   * msgpackr decodes texts of over 64 bytes from this, by a TextDecoder that takes a leading U+FEFF for a mark and drops
   * it. It gets a second one to drop.
   */
  override subarray(start: number, end: number): Uint8Array<ArrayBuffer> {
    const view = super.subarray(start, end);
    const marked = view[0] === 0xef && view[1] === 0xbb && view[2] === 0xbf;
    return marked && this.#isText(start, end - start) ? Uint8Array.of(0xef, 0xbb, 0xbf, ...view) : view;
  }

  /** Whether what lies at `start` is a text and no extension: whether the header of one stands before it. */
  #isText(start: number, length: number): boolean {
    const before = (bytes: number): number => this[start - bytes] as number;
    const short = before(2) * 256 + before(1);
    if (before(2) === 0xd9) return before(1) === length;
    if (before(3) === 0xda) return short === length;
    return before(5) === 0xdb && (before(4) * 256 + before(3)) * 65_536 + short === length;
  }
}
Object.defineProperty(Source.prototype, 'latin1Slice', {
  value: (Buffer.prototype as unknown as { latin1Slice: unknown }).latin1Slice,
});

// Unpacking from one reused source saves making a view and a DataView for each message, some 140 ns.
const scratch = new Source(8192);

/**
 * The value of inspected msgpack bytes. It shares no memory with them.
 *
 * @throws Malformed where a Map or a Set would take too long to build.
 */
export function unpack(bytes: Uint8Array, start: number, end: number): unknown {
  collections.reset();
  const length = end - start;
  if (length > scratch.length) {
    source = new Source(bytes.buffer as ArrayBuffer, bytes.byteOffset + start, length);
    return loaded().unpack(source);
  }
  if (length < 64) for (let i = 0; i < length; i++) scratch[i] = bytes[start + i] as number;
  else scratch.set(bytes.subarray(start, end));
  source = scratch;
  return loaded().unpack(scratch, length as never);
}
