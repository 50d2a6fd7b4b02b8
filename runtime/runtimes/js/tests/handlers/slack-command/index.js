const { createHmac, timingSafeEqual } = require("crypto");
const { parse } = require("querystring");

exports.handler = async (event) => {
  const body = event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body;
  const stamp = event.headers["x-slack-request-timestamp"];
  const own = `v0=${createHmac("sha256", process.env.SLACK_SECRET).update(`v0:${stamp}:${body}`).digest("hex")}`;
  if (!timingSafeEqual(Buffer.from(own), Buffer.from(event.headers["x-slack-signature"]))) return { statusCode: 401 };
  const { command, text, user_name: user } = parse(body);
  const total = text.split(/\s+/).map(Number).reduce((sum, number) => sum + number, 0);
  return {
    statusCode: 200,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ response_type: "in_channel", text: `<@${user}> ${command} = ${total}` }),
  };
};
