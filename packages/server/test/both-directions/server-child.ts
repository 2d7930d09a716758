import { answering } from '../answering.ts';
import { serve } from '../nearcall.ts';
import { servesListening } from './serving.ts';
import { Source } from './source.ts';

const [address = ''] = process.argv.slice(2);

let swallowed = 0;

await serve(
  address,
  servesListening(
    () => new Source(),
    async (input) => {
      for await (const _ of input) swallowed++;
      return swallowed;
    },
  ),
);

answering({ swallowed: () => swallowed });
