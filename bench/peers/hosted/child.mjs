import { answerTo } from './methods.mjs';

process.on('message', (message) => process.send(answerTo(message)));
