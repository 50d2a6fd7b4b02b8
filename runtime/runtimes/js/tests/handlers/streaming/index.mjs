import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";

export const handler = awslambda.streamifyResponse(async (event, responseStream, context) => {
  const metadata = { statusCode: 201, headers: { "Content-Type": "text/plain", "X-Count": String(event.words.length) } };
  const stream = awslambda.HttpResponseStream.from(responseStream, metadata);
  await pipeline(Readable.from(event.words.map((word) => `${word} `)), stream);
});
