import { z } from 'zod';
import { method, service } from '../nearcall.ts';

export const echoing = service('echoing', {
  echo: method({ input: z.string(), output: z.string() }),
});
