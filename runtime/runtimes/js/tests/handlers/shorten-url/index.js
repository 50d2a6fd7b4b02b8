const { createHash } = require("crypto");

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const code = (url) => {
  let number = createHash("sha256").update(url).digest().readBigUInt64BE(0);
  let text = "";
  for (; text.length < 7; number /= 62n) text += ALPHABET[Number(number % 62n)];
  return text;
};

exports.handler = async ({ body }) => {
  let url;
  try {
    url = new URL(JSON.parse(body).url);
  } catch (error) {
    return { statusCode: 400, body: JSON.stringify({ error: error.code ?? error.name }) };
  }
  for (const name of [...url.searchParams.keys()]) if (name.startsWith("utm_")) url.searchParams.delete(name);
  url.searchParams.sort();
  url.hash = "";
  return { statusCode: 201, headers: { location: `/${code(url.href)}` }, body: url.href };
};
