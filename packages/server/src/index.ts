export type { CloseOptions } from '@nearcall/core';
export { type ServeOptions, type Server, serve } from './serve.ts';
