import { parentPort } from 'node:worker_threads';
import { answerTo } from './methods.mjs';

parentPort.on('message', (message) => parentPort.postMessage(answerTo(message)));
