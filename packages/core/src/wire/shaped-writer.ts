/**
 * Writes messages of one shape by a function that is made for it: it asks each object for its fields by their names, and
 * has the bytes of these at hand. It writes the same bytes as `plain-writer.ts`, and leaves to that what has another
 * shape.
 */
import { unmet } from './condition.ts';
import { putLongText } from './long-text.ts';
import { type Field, nameBytes, type Shape } from './shape.ts';
import { MAX_TEXT, textRoom, writeText } from './text.ts';

/**
 * Writes a value into `[at, end)`, of which `view` is a view. Returns the position behind it, or -1 where it has another
 * shape or does not fit; then anything may stand there. The value's getters run meanwhile: nobody else may write there.
 */
export type WriteShaped = (into: Buffer, view: DataView, at: number, end: number, value: unknown) => number;

/** Code that writes the value of a variable at `p`, and moves `p` behind it. */
type Code = (variable: string) => string;

/**
 * `exactly`: a field that is not in the shape makes it another one; else it is left out.
 *
 * @throws EvalError where code may not be made.
 */
export function compileWriter(shape: Shape, exactly: boolean): WriteShaped {
  const functions: string[] = [];
  const root = writing(shape, exactly, functions);
  const code = `'use strict';
    ${functions.join('\n')}
    return (b, v, p, end, x) => { ${root('x')} return p; };`;
  return new Function(...Object.keys(HELPERS), code)(...Object.values(HELPERS)) as WriteShaped;
}

function writing(shape: Shape, exactly: boolean, functions: string[]): Code {
  // Who sends what it has not checked leaves that to the other end.
  if (exactly || !('meets' in shape) || shape.meets === undefined) return writingType(shape, exactly, functions);
  const { meets } = shape;
  const write = writingType(shape, exactly, functions);
  // Behind it, where the type is known.
  return (x) => `${write(x)} if (${unmet(meets, x)}) return -1;`;
}

function writingType(shape: Shape, exactly: boolean, functions: string[]): Code {
  switch (shape.kind) {
    case 'string':
      return (x) => `if (typeof ${x} !== 'string' || (p = text(b, p, end, ${x})) < 0) return -1;`;
    case 'number':
      return (x) => `if (typeof ${x} !== 'number' || p >= end) return -1;
        if (${x} > 0 && ${x} < 128 && (${x} | 0) === ${x}) b[p++] = ${x};
        else if ((p = number(b, v, p, end, ${x})) < 0) return -1;`;
    case 'boolean':
      return (x) => `if (typeof ${x} !== 'boolean' || p >= end) return -1; b[p++] = ${x} ? 0xc3 : 0xc2;`;
    case 'null':
      return (x) => `if (${x} !== null || p >= end) return -1; b[p++] = 0xc0;`;
    case 'nullable': {
      const other = writing(shape.of, exactly, functions);
      return (x) => `if (${x} === null) { if (p >= end) return -1; b[p++] = 0xc0; } else { ${other(x)} }`;
    }
    case 'list':
      return called(functions, writingList(writing(shape.of, exactly, functions)));
    case 'fields':
      return called(functions, writingFields(shape.fields, exactly, functions));
  }
}

function called(functions: string[], body: string): Code {
  const name = `write${functions.length}`;
  functions.push(`function ${name}(b, v, p, end, o) { ${body} return p; }`);
  return (x) => `if ((p = ${name}(b, v, p, end, ${x})) < 0) return -1;`;
}

function writingList(item: Code): string {
  return `if (!Array.isArray(o) || p + 3 > end) return -1;
    const { length } = o;
    if (length < 16) b[p++] = 0x90 | length;
    else if (length < 65536) { b[p] = 0xdc; v.setUint16(p + 1, length); p += 3; }
    else return -1;
    for (let i = 0; i < length; i++) { const x = o[i]; ${item('x')} }`;
}

function writingFields(fields: readonly Field[], exactly: boolean, functions: string[]): string {
  const required = fields.filter(({ optional }) => !optional).length;
  const varies = required < fields.length;
  const code = fields.map(({ name, shape, optional }, i) => {
    const bytes = i > 0 || varies ? nameBytes(name) : [0x80 | required, ...nameBytes(name)];
    const put = `if (p + ${bytes.length + 3} > end) return -1; ${putting(bytes)}`;
    const value = writing(shape, exactly, functions)(`x${i}`);
    const key = JSON.stringify(name);
    if (!optional) return `const x${i} = o[${key}]; ${put} ${value}`;
    return `const x${i} = o[${key}];
      if (x${i} !== undefined) { count++; ${put} ${value} }
      else if (${key} in o) { count++; ${put} b[p++] = 0xd4; b[p++] = 0; b[p++] = 0; }`;
  });
  return `if (typeof o !== 'object' || o === null || Array.isArray(o) || p >= end) return -1;
    let count = ${required}, given = count;
    ${exactly ? countingFields(fields, functions) : ''}
    ${varies ? 'const head = p++;' : ''}
    ${code.join('\n')}
    ${varies ? 'b[head] = 0x80 | count;' : ''}
    ${exactly ? 'if (count !== given) return -1;' : ''}`;
}

/** Counts the fields of an object, which must come in this order: others are to be written, too, or otherwise. */
function countingFields(fields: readonly Field[], functions: string[]): string {
  const names = `names${functions.length}`;
  functions.push(`const ${names} = ${JSON.stringify(fields.map(({ name }) => name))};`);
  return `if (!plain(o)) return -1;
    given = 0;
    let i = 0;
    for (const key in o) {
      given++;
      ${fields.some(({ optional }) => optional) ? `while (i < ${fields.length} && key !== ${names}[i]) i++;` : ''}
      if (key !== ${names}[i++]) return -1;
    }`;
}

/** Puts the bytes at `p`, four at a time, and moves `p` behind them. */
function putting(bytes: readonly number[]): string {
  const from = new DataView(Uint8Array.from(bytes).buffer);
  let code = '';
  let at = 0;
  for (; bytes.length - at >= 4; at += 4) code += `v.setInt32(p + ${at}, ${from.getInt32(at)}); `;
  for (; at < bytes.length; at++) code += `b[p + ${at}] = ${bytes[at]}; `;
  return `${code} p += ${bytes.length};`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function writeString(into: Buffer, at: number, end: number, text: string): number {
  if (text.length > MAX_TEXT) return putLongText(into, at, end, text);
  return at + textRoom(text.length) > end ? -1 : writeText(into, at, text);
}

/** Writes a number that takes more than its first byte, if it is finite. */
function writeNumber(into: Buffer, view: DataView, at: number, end: number, value: number): number {
  if (at + 9 > end) return -1;
  // Bit for bit: -0 is none of these.
  if ((value | 0) === value && !Object.is(value, -0)) {
    if (value >= 0) return writeUnsigned(into, view, at, value);
    if (value >= -32) {
      into[at] = value;
      return at + 1;
    }
    if (value >= -128) {
      into[at] = 0xd0;
      into[at + 1] = value;
      return at + 2;
    }
    if (value >= -32_768) {
      into[at] = 0xd1;
      view.setInt16(at + 1, value);
      return at + 3;
    }
    into[at] = 0xd2;
    view.setInt32(at + 1, value);
    return at + 5;
  }
  if (value >>> 0 === value && value > 0) return writeUnsigned(into, view, at, value);
  if (!Number.isFinite(value)) return -1;
  into[at] = 0xcb;
  view.setFloat64(at + 1, value);
  return at + 9;
}

function writeUnsigned(into: Buffer, view: DataView, at: number, value: number): number {
  if (value < 0x80) {
    into[at] = value;
    return at + 1;
  }
  if (value < 0x100) {
    into[at] = 0xcc;
    into[at + 1] = value;
    return at + 2;
  }
  if (value < 0x1_0000) {
    into[at] = 0xcd;
    view.setUint16(at + 1, value);
    return at + 3;
  }
  into[at] = 0xce;
  view.setUint32(at + 1, value);
  return at + 5;
}

const HELPERS = { plain: isPlain, text: writeString, number: writeNumber };
