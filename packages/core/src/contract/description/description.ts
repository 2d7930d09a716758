import { readShape, type Shape } from './shape.ts';

/** What an end has said of a method. What is missing was not said. */
export interface Description {
  readonly input: Shape | undefined;
  readonly output: Shape | undefined;
  readonly errors: ReadonlyMap<string, Shape>;
}

/**
 * Reads a description.
 *
 * @throws SyntaxError where it is not a JSON object.
 */
export function readDescription(text: string): Description {
  const said: unknown = JSON.parse(text);
  if (typeof said !== 'object' || said === null || Array.isArray(said)) throw new SyntaxError('not an object');
  const parts = new Map(Object.entries(said));
  const errors = new Map<string, Shape>();
  const count = { shapes: 0 };
  const shape = (name: string): Shape | undefined => (parts.has(name) ? readShape(parts.get(name), count) : undefined);
  const [input, output] = [shape('input'), shape('output')];
  const declared = parts.get('errors');
  if (typeof declared === 'object' && declared !== null) {
    for (const [name, schema] of Object.entries(declared)) errors.set(name, readShape(schema, count));
  }
  return { input, output, errors };
}
