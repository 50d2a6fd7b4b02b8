// Answers HTTP requests; the event is that of API Gateway and function URLs, payload format 2.0.

export const handler = async (event) => ({
  statusCode: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ message: `Hello, ${event.queryStringParameters?.name ?? 'world'}!` }),
});
