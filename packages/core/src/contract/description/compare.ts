import { type Kind, streamsInput, streamsOutput } from '../kind.ts';
import { Work } from './alternatives.ts';
import { Comparison } from './comparison.ts';
import type { Description } from './description.ts';
import { Differences } from './differences.ts';
import type { Shape } from './shape.ts';

/**
 * Says in words what in two ends' descriptions of a method keeps its calls from working: what the caller, over there,
 * sends and the callee, here, does not take, and the other way round. Undefined where nothing does. In bounded time,
 * whatever the other end has said.
 */
export function compareContracts(
  method: string,
  kind: Kind,
  here: Description,
  there: Description,
): string | undefined {
  const differences = new Differences();
  const work = new Work();
  const fromThere = new Comparison(differences, work, 'there', 'input');
  const fromHere = new Comparison(differences, work, 'here', 'output');
  const look = (comparison: Comparison, sent: Shape | undefined, read: Shape | undefined, path: string): void => {
    // What one end has not described is not compared.
    if (sent !== undefined && read !== undefined) comparison.fits(sent, read, path);
  };
  look(fromThere, there.input, here.input, streamsInput(kind) ? 'input[]' : 'input');
  look(fromHere, here.output, there.output, streamsOutput(kind) ? 'output[]' : 'output');
  // An error that only one end declares reaches the caller too, as one without data.
  for (const [name, data] of here.errors) look(fromHere, data, there.errors.get(name), `errors.${name}`);
  return differences.sentence(method);
}
