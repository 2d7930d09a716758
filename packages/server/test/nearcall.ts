// A contract's two ends are tested together here, so these tests need the client as well. This is the one place that
// imports it, so that the rule against it holds everywhere else.

// biome-ignore lint/style/noRestrictedImports: see above
export { close, connect, ready, state, watch } from '@nearcall/client';
export * from '@nearcall/core';
export * from '../src/index.ts';
