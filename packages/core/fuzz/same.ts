/**
 * Whether two values are the same, kind for kind, -0 and NaN and the order of keys included. Values of kinds that
 * nearcall does not carry are the same as none.
 */
export function same(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || one === null) return Object.is(one, other) && typeof one !== 'function';
  if (typeof other !== 'object' || other === null) return false;
  const prototype: unknown = Object.getPrototypeOf(one);
  if (prototype !== Object.getPrototypeOf(other)) return false;
  switch (prototype) {
    case Object.prototype:
      return sameFields(one as Fields, other as Fields);
    case Array.prototype:
      return sameLists(one as unknown[], other as unknown[]);
    case Map.prototype:
      return sameLists([...(one as Map<unknown, unknown>)].flat(1), [...(other as Map<unknown, unknown>)].flat(1));
    case Set.prototype:
      return sameLists([...(one as Set<unknown>)], [...(other as Set<unknown>)]);
    case Date.prototype:
      return (one as Date).getTime() === (other as Date).getTime();
    case Uint8Array.prototype:
      return Buffer.compare(one as Uint8Array, other as Uint8Array) === 0;
    default:
      return false;
  }
}

type Fields = Record<string, unknown>;

function sameLists(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length || Object.keys(one).length !== Object.keys(other).length) return false;
  for (let i = 0; i < one.length; i++) if (!same(one[i], other[i])) return false;
  return true;
}

function sameFields(one: Fields, other: Fields): boolean {
  const keys = Reflect.ownKeys(one);
  const others = Reflect.ownKeys(other);
  if (keys.length !== others.length) return false;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    if (typeof key !== 'string' || key !== others[i]) return false;
    const [own, its] = [descriptor(one, key), descriptor(other, key)];
    if (own.get !== undefined || its.get !== undefined || !same(own.value, its.value)) return false;
  }
  return true;
}

function descriptor(fields: Fields, key: string): PropertyDescriptor {
  return Object.getOwnPropertyDescriptor(fields, key) as PropertyDescriptor;
}
