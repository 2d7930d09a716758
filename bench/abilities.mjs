import { NATIVE } from './native/peers.mjs';
import { Participant } from './participant.mjs';

/**
 * What a peer can do: `can`, of what cases need, and `hosts` where its client starts its server by itself.
 * Or else the obstacle.
 */
export async function abilities(peer) {
  if (Object.hasOwn(NATIVE, peer)) return NATIVE[peer].abilities();
  const server = new Participant(peer, 'server', '');
  try {
    const { can, hosts = false } = await server.ask('load');
    // Any process of Node can be started anew, and have any number of connections.
    return { can: hosts || !can.includes('call') ? can : [...can, 'connections', 'start'], hosts };
  } catch (error) {
    const reason = error.message.split('\n')[0];
    const unbuilt = error.code === 'ERR_MODULE_NOT_FOUND' && reason.includes('/dist/');
    return { obstacle: unbuilt ? 'its packages are not built; run the build first' : reason };
  } finally {
    await server.end();
  }
}
