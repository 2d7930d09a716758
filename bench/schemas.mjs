/** The zod schemas of what is sent, for each peer that checks with zod. */
import { z } from 'zod';

export const Bytes = z.instanceof(Uint8Array);

export const Row = z.object({ id: z.number(), name: z.string() });

export const Order = z.object({
  id: z.number(),
  reference: z.string(),
  paid: z.boolean(),
  discount: z.number().nullable(),
  customer: z.object({
    name: z.string(),
    email: z.string(),
    address: z.object({ street: z.string(), city: z.string(), postcode: z.string(), country: z.string() }),
    tags: z.array(z.string()),
  }),
  items: z.array(
    z.object({
      sku: z.string(),
      title: z.string(),
      quantity: z.number(),
      price: z.number(),
      gift: z.boolean(),
      box: z.object({ width: z.number(), height: z.number(), depth: z.number() }),
    }),
  ),
  total: z.object({ net: z.number(), tax: z.number(), currency: z.string() }),
});
