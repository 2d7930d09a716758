import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const WIRE = new URL('.', import.meta.url);

/** Whether a process has loaded msgpackr once it has done this. */
function loadsMsgpackr(action: string): boolean {
  const script = `
    import { createRequire } from 'node:module';
    const [body, hello, metadata, limits] = await Promise.all(['body', 'hello', 'metadata', 'limits'].map((name) => {
      return import(new URL(name + '.ts', '${WIRE.href}').href);
    }));
    const L = limits.DEFAULT_LIMITS;
    const said = { limits: { ...L, calls: 9 }, services: ['text'], features: ['f'] };
    const crossed = (value) => {
      const bytes = Buffer.from(body.encodeBody(value, L));
      return body.decodeBody(bytes, 0, bytes.length, false, L);
    };
    ${action}
    console.log(Object.keys(createRequire('${WIRE.href}').cache).some((path) => path.includes('msgpackr')));
  `;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
  return execFileSync(process.execPath, args, { cwd: fileURLToPath(WIRE), encoding: 'utf8' }).trim() === 'true';
}

test('it is not loaded for what every connection and most messages say', () => {
  const action = `
    const bytes = hello.encodeHello(said);
    hello.decodeHello(bytes, 0, bytes.length);
    const known = Buffer.from(metadata.encodeMetadata({ user: 'ann' }, L));
    metadata.decodeMetadata(known, 0, known.length);
    crossed({ list: [1, -2.5, 'é', true, null, undefined] });
  `;
  expect(loadsMsgpackr(action)).toBe(false);
});

test('it is loaded by the first value that needs it', () => {
  expect(loadsMsgpackr('crossed(new Map([[1, new Date(0)]]));')).toBe(true);
});
