// Takes messages of a queue; one that fails comes again alone, and goes to the dead letters in the end.

export const handler = async ({ Records }) => {
  const batchItemFailures = [];
  for (const { messageId, body } of Records) {
    try {
      const { item } = JSON.parse(body);
      console.log('sent', item);
    } catch (error) {
      console.error(messageId, error.message);
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures };
};
