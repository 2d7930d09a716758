/** What must hold of a whole run of one client. Each check says what is broken, or nothing. */
import { getEventListeners } from 'node:events';
import { RpcError } from '../../src/error/rpc-error.ts';
import type { ChannelWorld } from './channel-world.ts';
import { lie } from './judge-work.ts';

type Checks = { readonly [name: string]: (world: ChannelWorld) => string | undefined };

/** After each step. */
export const ALWAYS: Checks = { workHoldsTheProcess };

/** When nothing more can happen and nobody has closed the client yet. */
export const WHEN_IDLE: Checks = { everyCallSettles, readyInTheEnd, idleLetsTheProcessGo };

/** When the client has been closed and nothing more can happen. */
export const IN_THE_END: Checks = {
  everyCallSettles,
  runsOnce,
  executionIsTrue,
  noListenersStay,
  closedFulfils,
  nobodyDialsWhenClosed,
  nothingIsLeft,
};

export function check(world: ChannelWorld, checks: Checks): void {
  for (const [name, find] of Object.entries(checks)) {
    const wrong = find(world);
    if (wrong !== undefined)
      world.stage.broke(wrong.includes(': ') && wrong.startsWith(name) ? wrong : `${name}: ${wrong}`);
  }
}

/** Whoever waits for a call would wait in vain in a process that has gone. */
function workHoldsTheProcess({ channel, clock, network }: ChannelWorld): string | undefined {
  const { pending } = channel.invoker;
  if (pending === 0 || clock.holds > 0 || network.held) return undefined;
  return `${pending} calls are pending, and nothing holds the process`;
}

function everyCallSettles({ records, channel }: ChannelWorld): string | undefined {
  const open = records.find(({ made, settlements }) => made && settlements !== 1);
  if (open !== undefined) return `${open.label} has settled ${open.settlements} times`;
  return channel.invoker.pending === 0 ? undefined : `${channel.invoker.pending} calls are pending`;
}

function readyInTheEnd({ channel }: ChannelWorld): string | undefined {
  return channel.connectivity === 'READY' ? undefined : `all servers are up, and the client is ${channel.connectivity}`;
}

function idleLetsTheProcessGo({ clock, network }: ChannelWorld): string | undefined {
  if (clock.holds === 0 && !network.held) return undefined;
  return `the client is idle, and holds its process (${clock.holds} times)`;
}

function runsOnce({ records }: ChannelWorld): string | undefined {
  for (const { idempotent, starts, label } of records) {
    if (starts > (idempotent ? 5 : 1)) return `the handler of ${label} ran ${starts} times`;
  }
  return undefined;
}

/** In the end, because a handler may start when its call has been given up. */
function executionIsTrue({ records }: ChannelWorld): string | undefined {
  for (const record of records) {
    const { error, starts } = record;
    if (error instanceof RpcError && error.execution !== 'unknown' && starts > 0) return lie(record);
  }
  return undefined;
}

function noListenersStay({ records }: ChannelWorld): string | undefined {
  for (const { controller, label } of records) {
    const left = controller === undefined ? 0 : getEventListeners(controller.signal, 'abort').length;
    if (left > 0) return `${left} listeners stay on the signal of ${label}`;
  }
  return undefined;
}

function closedFulfils({ closedAt, closesAt, plan, network, channel }: ChannelWorld): string | undefined {
  if (closedAt === Number.POSITIVE_INFINITY) return `the client was never closed: it is ${channel.connectivity}`;
  const most = Math.max(plan.grace, 0) + 1000 + 3 * plan.clock.late + 1;
  if (closedAt > closesAt + most) return `closing took ${closedAt - closesAt} ms, of ${most}`;
  return network.ends.every(({ closed }) => closed) ? undefined : 'a transport was never closed';
}

function nobodyDialsWhenClosed({ network: { dialledAt }, closedAt }: ChannelWorld): string | undefined {
  return dialledAt > closedAt ? `the client dialled ${dialledAt - closedAt} ms after it was closed` : undefined;
}

function nothingIsLeft({ clock, network, channel }: ChannelWorld): string | undefined {
  if (clock.holds !== 0 || network.held) return 'the client was closed, and holds its process';
  return channel.connectivity === 'SHUTDOWN' ? undefined : `the client was closed, and is ${channel.connectivity}`;
}
