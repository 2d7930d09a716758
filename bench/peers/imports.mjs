/** No peer, but what a cold start is held against: Node with zod and msgpackr loaded, and nobody called. */
import 'msgpackr';
import 'zod';

export const can = ['start'];
