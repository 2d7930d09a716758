/** A method as the generated project has it: TypeScript for its contract, its handler and one call. */
export interface MethodSource {
  readonly definition: string;
  readonly handler: string;
  readonly call: string;
}

/** Every kind of method: each takes and answers with objects of its own, so that no two share a type. */
const KINDS = {
  unary: (i) => ({
    definition: `method({ input: ${input(i)}, output: ${output(i)} })`,
    handler: `m${i}: (input) => (${answer(i)})`,
    call: `export const r${i} = (await client.m${i}(${argument(i)})).rows${i}[0]?.value;`,
  }),
  errors: (i) => ({
    definition: `method({ input: ${input(i)}, output: ${output(i)}, errors: { missing${i}: z.object({ id: z.string() }), busy: z.object({ until: z.date() }) } })`,
    handler: `m${i}: (input) => { if (input.size${i} > 9) throw big.methods.m${i}.error('missing${i}', { id: input.id }); return ${answer(i)}; }`,
    call: `export const r${i} = await safe(client.m${i}(${argument(i)}));\nif (r${i}.error?.name === 'busy') r${i}.error.data.until.getTime();`,
  }),
  serverStream: (i) => ({
    definition: `method({ input: ${input(i)}, output: stream(${output(i)}) })`,
    handler: `async *m${i}(input) { yield ${answer(i)}; }`,
    call: `for await (const item of client.m${i}(${argument(i)})) item.rows${i}.at(0);`,
  }),
  clientStream: (i) => ({
    definition: `method({ input: stream(${input(i)}), output: ${output(i)} })`,
    handler: `async m${i}(items) { for await (const input of items) return ${answer(i)}; throw new Error(); }`,
    call: `export const r${i} = (await client.m${i}([${argument(i)}])).rows${i}[0]?.value;`,
  }),
  duplex: (i) => ({
    definition: `method({ input: stream(${input(i)}), output: stream(${output(i)}) })`,
    handler: `async *m${i}(items) { for await (const input of items) yield ${answer(i)}; }`,
    call: `for await (const item of client.m${i}([${argument(i)}])) item.rows${i}.at(0);`,
  }),
  event: (i) => ({
    definition: `event(${input(i)})`,
    handler: `m${i}: (input) => void input.size${i}.toFixed()`,
    call: `await client.m${i}(${argument(i)});`,
  }),
} satisfies Record<string, (i: number) => MethodSource>;

const OTHERS = [KINDS.errors, KINDS.serverStream, KINDS.clientStream, KINDS.duplex, KINDS.event];

/** That many methods that take one message and answer with one; or a tenth of all other kinds among them. */
export function methods(count: number, others: boolean): MethodSource[] {
  return Array.from({ length: count }, (_, i) => {
    const other = others && i % 10 === 9 ? OTHERS[Math.floor(i / 10) % OTHERS.length] : undefined;
    return (other ?? KINDS.unary)(i);
  });
}

/** What a plain method costs without nearcall: zod's three types of it, a function and a call written by hand. */
export function byHand(i: number): string {
  return `
const i${i} = ${input(i)};
const o${i} = ${output(i)};
export const h${i}: (input: z.output<typeof i${i}>) => z.output<typeof o${i}> = (input) => (${answer(i)});
declare const c${i}: (input: z.input<typeof i${i}>) => Promise<z.output<typeof o${i}>>;
export const r${i} = (await c${i}(${argument(i)})).rows${i}[0]?.value;`;
}

function input(i: number): string {
  return `z.object({ id: z.string(), size${i}: z.number().default(${i}) })`;
}

function output(i: number): string {
  return `z.object({ id: z.string(), rows${i}: z.array(z.object({ key: z.string(), value: z.number().nullable() })), at: z.date() })`;
}

function argument(i: number): string {
  return `{ id: '${i}' }`;
}

function answer(i: number): string {
  return `{ id: input.id, rows${i}: [{ key: 'k', value: input.size${i} }], at: new Date() }`;
}
