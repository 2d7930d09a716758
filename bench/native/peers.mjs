export const NATIVE = {};
