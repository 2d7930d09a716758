import type { Context } from '../contract/context.ts';
import type { Implemented } from '../contract/implement.ts';
import type { CallContext } from './call-context.ts';
import { GrownContext } from './grown-context.ts';
import { type Around, type CallOver, type LayerFault, runLayers } from './layers.ts';
import type { Reports } from './reports.ts';

/** Runs the handler of a call or an event, as `handle` does it, within the middleware around it. */
export function runMiddleware(
  { middleware = [], method: { fullName } }: Implemented,
  context: CallContext,
  input: unknown,
  reports: Reports,
  handle: (context: Context) => Promise<unknown>,
): Promise<CallOver> {
  const around: Around<GrownContext> = {
    layers: middleware,
    kind: 'middleware',
    method: fullName,
    grow: (subject, given) => {
      GrownContext.add(subject, given);
      return subject;
    },
    call: handle,
    // Whoever serves a call has room for so many at once: this one goes on until its handler has returned.
    left: (inner) => {
      context.cancel();
      return inner;
    },
    faulty: (fault: LayerFault) => reports.tell(fault, fullName),
  };
  return runLayers(around, new GrownContext(context, input));
}
