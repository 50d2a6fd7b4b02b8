// An authorizer that checks a token of HS256 without a library.
const crypto = require("node:crypto");

const part = (text) => JSON.parse(Buffer.from(text, "base64url"));

function verify(token, secret, now) {
  const [head, body, signature, ...rest] = token.split(".");
  if (signature === undefined || rest.length > 0) throw new Error("malformed");
  if (part(head).alg !== "HS256") throw new Error("algorithm");
  const expected = crypto.createHmac("sha256", secret).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !crypto.timingSafeEqual(given, expected)) throw new Error("signature");
  const claims = part(body);
  if (claims.exp <= now) throw new Error("expired");
  return claims;
}

exports.handler = async (event) => {
  try {
    const claims = verify(event.authorizationToken.replace(/^Bearer /i, ""), process.env.SECRET, 1_700_000_000);
    return { isAuthorized: true, context: { sub: claims.sub, scopes: claims.scope.split(" ") } };
  } catch (error) {
    return { isAuthorized: false, context: { reason: error.message } };
  }
};
