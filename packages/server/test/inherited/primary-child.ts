import cluster from 'node:cluster';

/** Has two workers of a cluster serve what this process was started with. Ends with them. */
const [file = '', ...args] = process.argv.slice(2);

cluster.setupPrimary({ exec: file, args, execArgv: [] });
for (let i = 0; i < 2; i++) cluster.fork();
