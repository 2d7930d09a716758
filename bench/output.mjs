import { closeSync, openSync } from 'node:fs';

/** Throws where a file cannot be written, before a run of half an hour is made for it. What it holds stays. */
export function checkWritable(file) {
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    throw new Error(`--json ${file} cannot be written: ${error.message}`, { cause: error });
  }
}
