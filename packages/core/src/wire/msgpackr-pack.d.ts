// msgpackr's own typing of this entry re-exports '.', which does not resolve in an ES module and
// silently turns every name into `any`.
declare module 'msgpackr/pack' {
  export { addExtension, Packr } from 'msgpackr';
}
