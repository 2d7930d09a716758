import type { Question, Reply } from './forked.ts';

/** What a child answers to each question. */
export type Answers = { readonly [what: string]: (details: never) => unknown };

/** Answers the questions of the process that started this one, and ends with it. */
export function answering(answers: Answers): void {
  const all: Answers = { ready: () => true, ...answers };
  process.on('message', ({ id, what, details }: Question) => {
    const reply = async (): Promise<Reply> => {
      try {
        return { id, answer: await all[what]?.(details as never) };
      } catch (error) {
        return { id, error: String(error) };
      }
    };
    void reply().then((message) => process.send?.(message));
  });
  // Without this a test run that is cut short would leave the process behind.
  process.on('disconnect', () => process.exit());
}
