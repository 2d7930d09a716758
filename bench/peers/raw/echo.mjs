import { Frames } from './frames.mjs';

/** An echo answers with the very bytes of the request: all the frames of one read leave in one write, none is copied. */
export function echo(socket) {
  const frames = new Frames();
  return (chunk) => {
    const whole = frames.take(chunk);
    if (whole.length > 0) socket.write(whole);
  };
}
