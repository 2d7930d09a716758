/**
 * The child's side of the talk with the runner: each order is answered once,
 * and a failure is an answer too, so that the runner can say which peer broke.
 */
export function obey(orders) {
  process.on('message', async ({ order, given }) => {
    try {
      process.send({ answer: (await orders[order](given)) ?? null });
    } catch (error) {
      process.send({ failure: error?.stack ?? String(error), code: error?.code });
    }
  });
  // A runner that dies must not leave its children spinning.
  process.on('disconnect', () => process.exit());
}
