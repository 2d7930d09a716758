/** A floor: the channel between a process and its fork, by structured clone, which carries bytes too. */
import { connectFork } from './hosted/fork.mjs';

export const can = ['call', 'nested', 'blob', 'echo'];

export const hosts = true;

export const connect = () => connectFork('advanced');
