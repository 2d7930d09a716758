import { watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

/** The lines of a file, and then those that are appended to it, until the signal aborts. */
export async function* tail(path: string, signal: AbortSignal): AsyncGenerator<string> {
  const file = await open(path);
  let wake = (): void => {};
  const watcher = watch(path, () => wake());
  signal.addEventListener('abort', () => wake());
  try {
    const appended = lineReader(file);
    while (!signal.aborted) {
      // Made before the file is read: what is appended meanwhile wakes us, too.
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      yield* appended();
      await changed;
    }
  } finally {
    watcher.close();
    await file.close();
  }
}

/** Reads on from where the last reading ended, and keeps the beginning of a line until its line feed has come. */
function lineReader(file: FileHandle): () => AsyncGenerator<string> {
  // A character may be half written, as a line may.
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return async function* () {
    for (;;) {
      const { bytesRead, buffer } = await file.read();
      if (bytesRead === 0) return;
      const lines = (rest + decoder.write(buffer.subarray(0, bytesRead))).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  };
}
