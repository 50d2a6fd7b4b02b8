// Answers HTTP requests; the event is that of API Gateway and function URLs, payload format 2.0.

interface Request {
  queryStringParameters?: Record<string, string>;
}

interface Response {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

export const handler = async (event: Request): Promise<Response> => {
  const name: string = event.queryStringParameters?.name ?? 'world';
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message: `Hello, ${name}!` }),
  };
};
