/**
 * raw in a process whose heap is as large as that of a program with a schema library. Below 8 MB V8 does not begin to
 * collect its old space for the buffers that come and go; above it does so for each dozen megabytes of them. raw alone has
 * 4 MB, and a warm client of nearcall 8.5.
 */
import 'msgpackr';
import 'zod';
import { connect, echoes, serve } from './raw.mjs';

// Held for good, as a program holds its own.
const program = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `object ${id}`, inner: { id } }));
globalThis.program = program;

export { connect, echoes, serve };

// Where memory decides nothing, raw says all there is to say.
export const can = ['blob', 'echo'];
