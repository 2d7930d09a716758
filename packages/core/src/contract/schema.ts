/**
 * What nearcall knows of schemas. It imports none: it speaks Standard Schema, and zod by the shape of its objects,
 * which is faster and says more.
 */
import { escaped } from './description/words.ts';
import { takesTexts } from './shape.ts';

/** Any Standard Schema: zod 4, zod/mini, valibot, arktype and others. It must be synchronous. */
export interface Schema {
  readonly '~standard': unknown;
}

interface ZodTypes {
  readonly _zod: { readonly input: unknown; readonly output: unknown };
}

interface StandardTypes {
  readonly '~standard': { readonly types?: { readonly input: unknown; readonly output: unknown } | undefined };
}

/** What a schema takes: what a caller passes for an input. */
export type InputOf<S> = S extends ZodTypes
  ? S['_zod']['input']
  : S extends StandardTypes
    ? NonNullable<S['~standard']['types']>['input']
    : unknown;

/** What a schema gives: what a handler gets as its input, and a caller as its result. */
export type OutputOf<S> = S extends ZodTypes
  ? S['_zod']['output']
  : S extends StandardTypes
    ? NonNullable<S['~standard']['types']>['output']
    : unknown;

/** What is wrong with a value, and where in it. */
export interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The most characters that are said of what is wrong. */
const MOST_SAID = 4096;

/**
 * A value that its schema refuses. The message holds the issues with their paths, as many as 4,096 characters hold: a
 * message of the other end's may have a million, and names of its own in each, which are escaped.
 */
export class Invalid extends Error {
  override readonly name = 'Invalid';
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(describeIssues(issues));
    this.issues = issues;
  }
}

function describeIssues(issues: readonly Issue[]): string {
  let said = '';
  let count = 0;
  for (const issue of issues) {
    if (said.length > MOST_SAID) break;
    said += count++ === 0 ? describeIssue(issue) : `; ${describeIssue(issue)}`;
  }
  const cut = said.length > MOST_SAID ? `${said.slice(0, MOST_SAID)}…` : said;
  const left = issues.length - count;
  return escaped(left === 0 ? cut : `${cut}; and ${left} more`);
}

function describeIssue(issue: Issue): string {
  const path = (issue.path ?? []).map((step) => (typeof step === 'object' ? step.key : step));
  if (path.length === 0) return issue.message;
  const place = path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${String(key)}`));
  return `at ${place.join('')}: ${issue.message}`;
}

/** Gives the value as the schema has it. Throws {@link Invalid} where the schema refuses it. */
export type Check = (value: unknown) => unknown;

type ZodResult =
  | { readonly success: true; readonly data: unknown }
  | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };

/** The part of a zod schema that is used here; zod and zod/mini both have it. */
interface ZodSchema {
  readonly _zod: { readonly def: ZodDef; run(payload: ZodPayload, context: object): ZodPayload | Promise<unknown> };
  safeParse(value: unknown): ZodResult;
  safeEncode?(value: unknown): ZodResult;
}

interface ZodPayload {
  value: unknown;
  issues: readonly RawIssue[];
}

interface RawIssue extends Partial<Issue> {
  readonly expected?: string;
  readonly input?: unknown;
}

interface ZodDef {
  readonly type: string;
  readonly [key: string]: unknown;
}

type Validated = { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

interface StandardSchema {
  readonly '~standard': { readonly version: 1; readonly validate: (value: unknown) => Validated | Promise<Validated> };
}

function isZod(schema: unknown): schema is ZodSchema {
  const { _zod, safeParse } = schema as { _zod?: unknown; safeParse?: unknown };
  return typeof _zod === 'object' && typeof safeParse === 'function';
}

/**
 * How a receiver reads a value: by the schema's parse.
 *
 * @throws TypeError where the schema is none.
 */
export function parser(schema: Schema, where: string): Check {
  if (typeof schema !== 'object' && typeof schema !== 'function') throw notASchema(where);
  if (schema !== null && isZod(schema)) {
    const check = fromZod(where, (value) => schema.safeParse(value));
    // zod is not asked where its answer is plain: that took 10 % of a call of a text, and half of one to 1,000 methods.
    return takesTexts(schema) ? (value) => (typeof value === 'string' ? value : check(value)) : check;
  }
  const standard = (schema as StandardSchema | null)?.['~standard'];
  if (typeof standard?.validate !== 'function') throw notASchema(where);
  return (value) => {
    const result = standard.validate(value);
    if (result instanceof Promise) throw asynchronous(where);
    if (result.issues !== undefined) throw new Invalid(result.issues);
    return result.value;
  };
}

/**
 * How the sender of an output checks a value, and strips what is not declared: backwards where the schema holds a
 * codec, else by parsing, which is some forty times faster and gives the same.
 *
 * @throws TypeError where the schema holds what cannot be run backwards: a one-way transform or a `catch`.
 */
export function encoder(schema: Schema, where: string): Check {
  const parse = parser(schema, where);
  if (!isZod(schema) || !holdsCodec(schema, where, new Set())) return parse;
  const { safeEncode } = schema;
  // zod/mini has no such method, and puts issues into words only in functions that core does not import.
  return fromZod(where, safeEncode?.bind(schema) ?? ((value) => encodeRaw(schema, value, where)));
}

function encodeRaw(schema: ZodSchema, value: unknown, where: string): ZodResult {
  const payload = schema._zod.run({ value, issues: [] }, { async: false, direction: 'backward' });
  if (payload instanceof Promise) throw asynchronous(where);
  const issues = payload.issues.map((issue) => ({ message: messageOf(issue), path: issue.path }));
  return issues.length === 0 ? { success: true, data: payload.value } : { success: false, error: { issues } };
}

function fromZod(where: string, run: (value: unknown) => ZodResult): Check {
  return (value) => {
    let result: ZodResult;
    try {
      result = run(value);
    } catch (error) {
      // zod's own error for a schema that would have to wait.
      throw (error as Error | null)?.constructor.name === '$ZodAsyncError' ? asynchronous(where) : error;
    }
    if (result.success) return result.data;
    throw new Invalid(result.error.issues);
  };
}

function asynchronous(where: string): TypeError {
  return new TypeError(`${where}: the schema is asynchronous; nearcall's are not.`);
}

/** The words for an issue that zod has not put into words yet: it does so only in its own functions. */
function messageOf({ message, expected, input }: RawIssue): string {
  if (message !== undefined) return message;
  if (expected === undefined) return 'Invalid value';
  return `Invalid input: expected ${expected}, received ${input === null ? 'null' : typeof input}`;
}

function notASchema(where: string): TypeError {
  return new TypeError(`${where} is not a schema. Give a zod 4 schema, or another that speaks Standard Schema.`);
}

/** Whether a codec stands anywhere in the schema. */
function holdsCodec(schema: unknown, where: string, seen: Set<unknown>): boolean {
  if (typeof schema !== 'object' || schema === null || seen.has(schema)) return false;
  seen.add(schema);
  const def = (schema as Partial<ZodSchema>)._zod?.def;
  if (def === undefined) return false;
  if (def.type === 'transform') {
    throw new TypeError(`${where} holds a one-way transform. An output is checked at both ends: use z.codec instead.`);
  }
  if (def.type === 'catch') {
    throw new TypeError(`${where} holds a catch. It would hide a wrong output instead of reporting it.`);
  }
  const isCodec = def.type === 'pipe' && typeof def['reverseTransform'] === 'function';
  // Every part is looked at, also behind a codec: the refusals above must not hide there.
  return partsOf(def).reduce((found: boolean, part) => holdsCodec(part, where, seen) || found, isCodec);
}

/** The schemas that a schema is made of. */
function partsOf(def: ZodDef): unknown[] {
  if (def.type === 'lazy') return [resolveLazy(def['getter'] as () => unknown)];
  const shape = def['shape'];
  const fields = typeof shape === 'object' && shape !== null ? Object.values(shape) : [];
  return [...Object.values(def).flat(), ...fields];
}

/** A lazy schema may name one that is not defined yet; there is nothing to look at then. */
function resolveLazy(getter: () => unknown): unknown {
  try {
    return getter();
  } catch {
    return undefined;
  }
}
