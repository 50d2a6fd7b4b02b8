// Reads the typed values of a stream's images, as lib-dynamodb's unmarshall does.
const read = (value) => {
  const [[type, inner]] = Object.entries(value);
  switch (type) {
    case "S": case "BOOL": return inner;
    case "N": return Number(inner);
    case "NULL": return null;
    case "L": return inner.map(read);
    case "M": return readAll(inner);
    case "SS": return [...new Set(inner)];
    case "B": return Buffer.from(inner, "base64").toString();
    default: throw new TypeError(`type ${type}`);
  }
};
const readAll = (image = {}) => Object.fromEntries(Object.entries(image).map(([name, value]) => [name, read(value)]));

exports.handler = async ({ Records }) =>
  Records.map(({ eventName, dynamodb }) => {
    const [before, after] = [readAll(dynamodb.OldImage), readAll(dynamodb.NewImage)];
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    const changed = [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name])).sort();
    return { eventName, keys: readAll(dynamodb.Keys), changed, after };
  });
