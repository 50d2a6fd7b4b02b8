// A batch of messages, of which some fail by themselves.
const process = async ({ body }) => {
  const order = JSON.parse(body);
  if (!(order.quantity > 0)) throw new RangeError(`quantity ${order.quantity}`);
  return order.quantity;
};

export const handler = async (event) => {
  const results = await Promise.allSettled(event.Records.map(process));
  for (const [index, result] of results.entries()) {
    if (result.status === "rejected") console.error("%s failed: %s", event.Records[index].messageId, result.reason.message);
  }
  return {
    batchItemFailures: results.flatMap(({ status }, index) =>
      status === "rejected" ? [{ itemIdentifier: event.Records[index].messageId }] : [],
    ),
  };
};
