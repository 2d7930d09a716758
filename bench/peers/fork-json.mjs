/** A floor: the channel between a process and its fork, in JSON. It is Node's own, and no socket that others can reach. */
import { connectFork } from './hosted/fork.mjs';

export const can = ['call', 'nested'];

export const hosts = true;

export const connect = () => connectFork('json');
