// A small API behind a function URL: routes, a body, cookies.
const items = new Map([["1", { id: "1", title: "first" }]]);

const answer = (statusCode, body, more = {}) => ({
  statusCode,
  headers: { "content-type": "application/json", ...more.headers },
  cookies: more.cookies,
  body: JSON.stringify(body),
});

exports.handler = async (event) => {
  const { method } = event.requestContext.http;
  const [, resource, id] = event.rawPath.split("/");
  if (resource !== "items") return answer(404, { error: `no ${resource}` });
  if (method === "GET") {
    const found = items.get(id);
    return found ? answer(200, found) : answer(404, { error: `no item ${id}` });
  }
  if (method === "POST") {
    const text = event.isBase64Encoded ? Buffer.from(event.body, "base64").toString("utf8") : event.body;
    const { title } = JSON.parse(text);
    if (!title?.trim()) return answer(422, { error: "title is missing" });
    return answer(201, { id: String(items.size + 1), title }, { cookies: ["last=2; Path=/"], headers: { location: "/items/2" } });
  }
  return answer(405, { error: method });
};
