import type { Inflow } from '../connection/inflow.ts';
import { Invalid } from '../contract/schema.ts';
import type { NamedMethod } from '../contract/service.ts';
import { ItemReader } from './item-reader.ts';

/** The input of a served call as its handler reads it. `stop`: the handler reads no more. */
export function inputStream(method: NamedMethod, inflow: Inflow, stop: () => void): ItemReader {
  const reader = new ItemReader(
    {
      wanted: () => {},
      left: stop,
      aborted: (cause) => ({ code: 'CANCELLED', message: 'Nobody waits for the answer any more.', cause }),
      faulty(error) {
        stop();
        const why = error instanceof Error ? error.message : String(error);
        const what = error instanceof Invalid ? 'is not valid' : 'cannot be read';
        const message = `An item of the input of ${method.fullName} ${what}: ${why}`;
        return { code: 'INVALID_ARGUMENT', message, cause: error };
      },
    },
    method.parseInput,
  );
  reader.attach(inflow, method.forms?.input);
  return reader;
}
