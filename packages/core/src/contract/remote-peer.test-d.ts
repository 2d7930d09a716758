// Checked by the compiler, and never run: what compiles is the test, and so is what must not.
import { expectTypeOf } from 'vitest';
import * as z from 'zod';
import type { CallOptions } from './call-options.ts';
import type { ClientOf } from './client.ts';
import type { Context } from './context.ts';
import { event } from './event.ts';
import { implement } from './implement.ts';
import { method } from './method.ts';
import type { RemotePeer } from './remote-peer.ts';
import { type Client, service } from './service.ts';
import { type ResponseStream, stream } from './stream.ts';

const progress = service('progress', {
  report: method({ input: z.object({ done: z.number() }), output: z.boolean() }),
  note: event(z.string()),
  flow: method({ input: z.number(), output: stream(z.string()) }),
});
const other = service('other', { ask: method({ input: z.string(), output: z.string() }) });
const ask = method({ input: z.string(), output: z.string() });
// biome-ignore lint/suspicious/noThenProperty: that is what this is about
const awkward = service('awkward', { then: ask, ask });

declare const peer: RemotePeer;

// One service, or a record of several.
expectTypeOf(peer.client(progress)).toEqualTypeOf<Client<typeof progress.methods>>();
const both = peer.client({ progress, second: other });
expectTypeOf(both).toEqualTypeOf<{
  readonly progress: Client<typeof progress.methods>;
  readonly second: Client<typeof other.methods>;
}>();
expectTypeOf(both.progress.flow(5)).toEqualTypeOf<ResponseStream<string>>();
expectTypeOf(both.second.ask('x')).toEqualTypeOf<Promise<string>>();

// A method that await would call is reached through a record of services only.
expectTypeOf<keyof ClientOf<typeof awkward>>().toEqualTypeOf<'ask'>();
expectTypeOf(peer.client({ awkward }).awkward.then).returns.toEqualTypeOf<Promise<string>>();

expectTypeOf(peer.closed).toEqualTypeOf<Promise<void>>();
expectTypeOf(peer.close({ grace: 5 })).toEqualTypeOf<Promise<void>>();

export const implementation = implement(other, {
  async ask(text, context) {
    expectTypeOf(context.peer).toEqualTypeOf<RemotePeer>();
    expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
    expectTypeOf(context.deadline).toEqualTypeOf<number>();
    expectTypeOf(context.metadata['trace']).toEqualTypeOf<string | Uint8Array | undefined>();
    expectTypeOf(context.method).toEqualTypeOf<string>();
    context.sendHeader({ a: 'b', c: new Uint8Array(1) });
    context.setTrailer({ a: 'b', c: new Uint8Array(1) });
    // @ts-expect-error Metadata is text or bytes.
    context.sendHeader({ n: 5 });
    // @ts-expect-error Metadata is an object.
    context.setTrailer('text');
    const back = context.peer.client(progress);
    await back.note(text);
    for await (const line of back.flow(1, { parent: context })) text += line;
    // @ts-expect-error What the contract does not declare.
    await back.typo();
    // @ts-expect-error A context is not to be changed.
    context.deadline = 5;
    return (await back.report({ done: 1 }, { metadata: { a: 'b', c: new Uint8Array(1) } })) ? 'yes' : 'no';
  },
});

export function options(context: Context): readonly CallOptions[] {
  return [
    {},
    { parent: context },
    { parent: undefined, signal: undefined, deadline: undefined, metadata: undefined },
    { onHeader: (metadata) => void metadata['a'], onTrailer: undefined },
    // @ts-expect-error What is no function.
    { onHeader: {} },
    // @ts-expect-error A listener of something else.
    { onTrailer: (metadata: string) => void metadata },
    // @ts-expect-error What is no context.
    { parent: {} },
    // @ts-expect-error What is no signal.
    { signal: {} },
    // @ts-expect-error Metadata is text or bytes.
    { metadata: { n: 5 } },
    // @ts-expect-error Metadata is an object.
    { metadata: 'text' },
    // @ts-expect-error An option that is none.
    { timeout: 5 },
  ];
}

// @ts-expect-error What is no contract.
peer.client({ progress: 'progress' });
// @ts-expect-error A service's name is none.
peer.client('progress');
