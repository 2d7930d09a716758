/**
 * No peer, but what a cold start is held against: Node with zod and msgpackr loaded, and nobody called. The schemas are
 * made, as in the clients that check by them: they are the program's own, and take zod some 7 ms.
 */
import 'msgpackr';
import '../schemas.mjs';

export const can = ['start'];
