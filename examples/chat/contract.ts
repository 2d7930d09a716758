import { method, service, stream } from '@nearcall/core';
import { z } from 'zod';

const Line = z.object({ from: z.string(), text: z.string() });

/** A stream each way at once: what one says, and what everybody says. */
export const chat = service('chat', {
  join: method({ input: stream(Line), output: stream(Line) }),
});

export type Line = z.infer<typeof Line>;
