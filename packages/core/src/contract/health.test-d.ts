// Checked by the compiler, and never run: what compiles is the test, and so is what must not.
import { expectTypeOf } from 'vitest';
import { health } from './health.ts';
import type { HealthResponse, ServingStatus } from './health-schemas.ts';
import { implement } from './implement.ts';
import type { RemotePeer } from './remote-peer.ts';
import type { ResponseStream } from './stream.ts';

declare const peer: RemotePeer;
const client = peer.client(health);

// The service may be left out, and the whole server is meant.
expectTypeOf(client.check()).toEqualTypeOf<Promise<HealthResponse>>();
expectTypeOf(client.check({})).toEqualTypeOf<Promise<HealthResponse>>();
expectTypeOf(client.check({ service: 'text' }, { deadline: 100 })).toEqualTypeOf<Promise<HealthResponse>>();
expectTypeOf(client.watch(undefined, { deadline: 100 })).toEqualTypeOf<ResponseStream<HealthResponse>>();
expectTypeOf<HealthResponse['status']>().toEqualTypeOf<ServingStatus>();

// Whoever serves it gets a name in every case.
implement(health, {
  check: ({ service }) => ({ status: expectTypeOf(service).toEqualTypeOf<string>() ? 'SERVING' : 'UNKNOWN' }),
  watch: ({ service }) => [{ status: service === '' ? 'SERVING' : 'SERVICE_UNKNOWN' }],
});

// @ts-expect-error What is no name.
client.check({ service: 5 });
implement(health, {
  // @ts-expect-error What is no status.
  check: () => ({ status: 'FINE' }),
  watch: () => [],
});
