export { type CloseOptions, type ServeOptions, type Server, serve } from './serve.ts';
