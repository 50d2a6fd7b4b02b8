const { createHmac, timingSafeEqual } = require("crypto");

exports.handler = async (event) => {
  const expected = Buffer.from(`sha256=${createHmac("sha256", process.env.WEBHOOK_SECRET).update(event.body).digest("hex")}`);
  const given = Buffer.from(event.headers["x-hub-signature-256"] ?? "");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { statusCode: 401, body: "wrong signature" };
  const { action, issue, repository } = JSON.parse(event.body);
  return { statusCode: 200, body: `${repository.full_name}: issue ${issue.number} was ${action}` };
};
