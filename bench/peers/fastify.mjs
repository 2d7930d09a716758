/**
 * fastify, with the JSON schemas that its documentation recommends for inputs and outputs, and undici, which pools
 * connections. The client checks nothing. It answers requests; streams of items would be another protocol over it.
 */
export const can = ['call', 'nested', 'blob', 'echo'];

export async function serve(path) {
  const { default: fastify } = await import('fastify');
  const { confirmed } = await import('../nested.mjs');
  const { blob, BLOB_BYTES } = await import('../blobs.mjs');
  const app = fastify({ bodyLimit: 2 * BLOB_BYTES });
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.post('/uppercase', { schema: { body: TEXT, response: { 200: TEXT } } }, async ({ body }) => ({
    text: body.text.toUpperCase(),
  }));
  app.post('/confirm', { schema: { body: ORDER, response: { 200: ORDER } } }, async ({ body }) => confirmed(body));
  app.get('/blob/:number', { schema: { params: object({ number: { type: 'integer' } }) } }, async ({ params }) =>
    blob(params.number),
  );
  app.post('/echo', async ({ body }) => body);
  await app.listen({ path });
  return () => {
    app.server.closeAllConnections();
    return app.close();
  };
}

export async function connect(path) {
  const { Pool } = await import('undici');
  const pool = new Pool('http://localhost', { socketPath: path, connections: 8, pipelining: 16 });
  const post = (path, type, body) =>
    pool.request({ path, method: 'POST', headers: { 'content-type': type }, body }).then(answered);
  const json = async (path, value) => (await post(path, 'application/json', JSON.stringify(value))).json();
  const bytes = async (body) => new Uint8Array(await body.arrayBuffer());
  return {
    call: async (text) => (await json('/uppercase', { text })).text,
    nested: (order) => json('/confirm', order),
    blob: async (number) => bytes(await pool.request({ path: `/blob/${number}`, method: 'GET' }).then(answered)),
    echo: async (sent) => bytes(await post('/echo', 'application/octet-stream', sent)),
    close: () => pool.destroy(),
  };
}

async function answered({ statusCode, body }) {
  if (statusCode !== 200) throw new Error(`${statusCode}: ${await body.text()}`);
  return body;
}

function object(properties) {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

const text = { type: 'string' };
const number = { type: 'number' };
const flag = { type: 'boolean' };
const TEXT = object({ text });
const ORDER = object({
  id: number,
  reference: text,
  paid: flag,
  discount: { type: 'number', nullable: true },
  customer: object({
    name: text,
    email: text,
    address: object({ street: text, city: text, postcode: text, country: text }),
    tags: { type: 'array', items: text },
  }),
  items: {
    type: 'array',
    items: object({
      sku: text,
      title: text,
      quantity: number,
      price: number,
      gift: flag,
      box: object({ width: number, height: number, depth: number }),
    }),
  },
  total: object({ net: number, tax: number, currency: text }),
});
