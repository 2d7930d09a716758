import { event, service } from '@nearcall/core';
import { z } from 'zod';

/** What the client serves, and the server calls: either end can do both. */
export const greeting = service('greeting', {
  greet: event(z.string()),
});
