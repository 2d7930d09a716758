import { z } from 'zod';
import { method, service, stream } from '../nearcall.ts';

const payload = z.instanceof(Uint8Array);
const status = z.object({ code: z.literal('UNKNOWN'), message: z.string() }).optional();
const answer = z.object({ payload });

const common = {
  emptyCall: method({ input: z.object({}), output: z.object({}) }),
  unaryCall: method({
    input: z.object({ payload, size: z.number(), status }),
    output: answer,
  }),
  streamingInputCall: method({ input: stream(z.object({ payload })), output: z.number() }),
  streamingOutputCall: method({ input: z.object({ sizes: z.array(z.number()) }), output: stream(answer) }),
  fullDuplexCall: method({
    input: stream(z.object({ payload, size: z.number().optional(), status, sleep: z.boolean().optional() })),
    output: stream(answer),
  }),
};

/** What gRPC's interoperability test service does, said in this contract language. */
export const testService = service('grpc.testing.TestService', common);

/** The same service as a client sees it that is a version ahead. */
export const newerTestService = service('grpc.testing.TestService', {
  ...common,
  unimplementedCall: method({ input: z.object({}), output: z.object({}) }),
  unimplementedStream: method({ input: z.object({}), output: stream(z.object({})) }),
});

/** A service that no server has. */
export const unimplementedService = service('grpc.testing.UnimplementedService', {
  unimplementedCall: method({ input: z.object({}), output: z.object({}) }),
});
