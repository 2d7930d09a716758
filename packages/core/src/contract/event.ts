import { KIND } from './kind.ts';
import { CHECKS, type MethodChecks } from './method.ts';
import type { EventMethod } from './method-type.ts';
import { type InputOf, type OutputOf, parser, type Schema } from './schema.ts';
import { shapeOf } from './shape.ts';

/**
 * Declares an event: a message that goes one way and has no answer. Its sender learns that it has left, and nothing of
 * what its handler does with it.
 *
 * @throws TypeError where the schema is none.
 * @example
 * ```ts
 * const log = event(z.object({ line: z.string() }));
 * ```
 */
export function event<In extends Schema>(input: In): EventMethod<InputOf<In>, OutputOf<In>> {
  const checks: MethodChecks = {
    kind: KIND.event,
    schemas: { input, output: undefined, errors: {} },
    shapes: { input: () => shapeOf(input), output: () => undefined },
    forms: undefined,
    parseInput: parser(input, 'The message of an event'),
    encodeOutput: (value) => value,
    parseOutput: (value) => value,
    errors: new Map(),
    idempotent: false,
    deadline: undefined,
  };
  return { [CHECKS]: checks } as unknown as EventMethod<InputOf<In>, OutputOf<In>>;
}
