/** An order of some 1 KB as JSON: nested objects, a list, numbers, booleans and null. No two orders are the same. */
export function order(number) {
  return {
    id: number,
    reference: `order ${number}`,
    paid: number % 2 === 0,
    discount: null,
    customer: {
      name: 'Ada Lovelace',
      email: 'ada@example.org',
      address: { street: '12 St James Square', city: 'London', postcode: 'SW1Y 4JH', country: 'GB' },
      tags: ['regular', 'newsletter', 'invoice'],
    },
    items: ITEMS,
    total: { net: 461.5, tax: 92.3, currency: 'GBP' },
  };
}

/** What a server sends back for an order. */
export function confirmed(order) {
  return { ...order, id: order.id + 1, paid: true };
}

/**
 * Looks at what differs from order to order, and at the far end of what does not. A null may come back as 0, for
 * protocol buffers have none.
 */
export function checkConfirmed(answer, number) {
  const right =
    answer.id === number + 1 &&
    answer.paid === true &&
    (answer.discount ?? 0) === 0 &&
    answer.reference === `order ${number}` &&
    answer.customer.address.country === 'GB' &&
    answer.items.length === ITEMS.length &&
    answer.items.at(-1).price === ITEMS.at(-1).price &&
    answer.total.currency === 'GBP';
  if (!right) throw new Error(`wrong answer to order ${number}: ${JSON.stringify(answer).slice(0, 80)}`);
}

const ITEMS = ['Punched cards', 'Brass gears', 'Crank handle', 'Printing ink', 'Number wheels', 'Oil, half a pint'].map(
  (title, i) => ({
    sku: `AE-${1837 + i}`,
    title,
    quantity: i + 1,
    price: 10.25 + i * 12.5,
    gift: i === 2,
    box: { width: 10 + i, height: 20 + i, depth: 5.5 },
  }),
);
