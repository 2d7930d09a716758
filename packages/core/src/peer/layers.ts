/** What a layer's `next()` fulfils with: there is one of each call, which every layer around it returns. */
export class CallOver {
  readonly output: unknown;

  constructor(output: unknown) {
    this.output = output;
  }
}

/** A layer that did not let its call through once, whose result it then returns: a mistake in the program. */
export class LayerFault extends Error {}

/** A function around a call. It gets what stands for the call, and returns what `next` gave. */
export type Layer<T> = (subject: T, next: (given?: unknown) => Promise<CallOver>) => unknown;

/** What stands around a call, and what it is. */
export interface Around<T> {
  /** Outermost first. */
  readonly layers: readonly Layer<T>[];
  /** What the layers are, and around which method, for messages. */
  readonly kind: 'middleware' | 'interceptor';
  readonly method: string;
  /** What the next layer is to get, where this one gave that to its `next()`. */
  grow(subject: T, given: unknown): T;
  /** The call itself. Its promise has the output. */
  call(subject: T): Promise<unknown>;
  /** A layer has ended before what it stands around. Where a promise is given, it is waited for. */
  left(inner: Promise<unknown>): Promise<unknown> | undefined;
  /** Hears of a layer's fault, whatever becomes of the call. */
  faulty(fault: LayerFault): void;
}

/** Runs a call within the layers around it, from the given one inwards. Each runs at once, until it waits. */
export async function runLayers<T>(around: Around<T>, subject: T, index = 0): Promise<CallOver> {
  const layer = around.layers[index];
  if (layer === undefined) return new CallOver(await around.call(subject));
  const faulty = (what: string, cause?: unknown): LayerFault => {
    const fault = new LayerFault(`${nameOf(around, index)} ${what}`, cause === undefined ? {} : { cause });
    around.faulty(fault);
    return fault;
  };
  let inner: Promise<CallOver> | undefined;
  let result: CallOver | undefined;
  let thrown: unknown;
  let settled = true;
  let done = false;
  let refused: LayerFault | undefined;
  const next = (given?: unknown): Promise<CallOver> => {
    if (inner !== undefined || done) {
      refused = faulty(inner === undefined ? 'called next() after it had returned.' : 'called next() a second time.');
      return handled(Promise.reject(refused));
    }
    try {
      inner = runLayers(around, around.grow(subject, given), index + 1);
    } catch (error) {
      inner = Promise.reject(error);
    }
    settled = false;
    inner.then(
      (value) => {
        result = value;
        settled = true;
      },
      (error) => {
        thrown = error;
        settled = true;
      },
    );
    return inner;
  };
  let given: unknown;
  try {
    given = await layer(subject, next);
  } catch (error) {
    done = true;
    if (!settled) await left(around, inner);
    throw refused ?? error;
  }
  done = true;
  if (!settled) await left(around, inner);
  if (refused !== undefined) throw refused;
  if (result !== undefined && given === result) return result;
  if (inner === undefined) throw faulty('returned without having called next().');
  throw faulty('did not return what its next() gave.', thrown);
}

/** What a layer does not wait for is nobody's to wait for but the call's. */
async function left<T>(around: Around<T>, inner: Promise<CallOver> | undefined): Promise<void> {
  try {
    if (inner !== undefined) await around.left(inner);
  } catch {}
}

/** A promise that nobody has to wait for. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

function nameOf<T>({ layers, kind, method }: Around<T>, index: number): string {
  const name = layers[index]?.name ?? '';
  const which = layers.length === 1 ? '' : `${index + 1} of ${layers.length} `;
  return `The ${kind} ${name === '' ? '' : `"${name}" `}(${which}around ${method})`;
}
