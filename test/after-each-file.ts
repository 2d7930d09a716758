import { afterAll } from 'vitest';
import { endWatched } from '../packages/server/test/watched.ts';

// Here, because a hook in a module that files share is one of the first of them only.
afterAll(endWatched);
