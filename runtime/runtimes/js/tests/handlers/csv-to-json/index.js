// ETL: a compressed CSV becomes JSON lines in /tmp, by streams.
const fs = require("fs");
const zlib = require("zlib");
const readline = require("readline");
const { pipeline } = require("stream/promises");
const { Readable, Transform } = require("stream");

function fields(line) {
  const found = [];
  for (const [, quoted, plain] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    found.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
  }
  return found;
}

exports.handler = async ({ csv }) => {
  let head;
  let sum = 0;
  const rows = new Transform({
    readableObjectMode: true,
    writableObjectMode: true,
    transform(line, _, done) {
      if (!head) head = fields(line);
      else {
        const row = Object.fromEntries(fields(line).map((value, index) => [head[index], value]));
        row.amount = Number(row.amount);
        sum += row.amount;
        this.push(`${JSON.stringify(row)}\n`);
      }
      done();
    },
  });
  const source = Readable.from([Buffer.from(csv, "base64")]).pipe(zlib.createGunzip());
  await pipeline(Readable.from(readline.createInterface({ input: source, crlfDelay: Infinity })), rows, fs.createWriteStream("/tmp/rows.jsonl"));
  const lines = (await fs.promises.readFile("/tmp/rows.jsonl", "utf8")).trim().split("\n");
  return { count: lines.length, sum, first: JSON.parse(lines[0]), last: JSON.parse(lines.at(-1)) };
};
