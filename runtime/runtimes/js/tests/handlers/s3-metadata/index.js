const path = require("path");

exports.handler = async (event) =>
  event.Records.map(({ eventName, s3 }) => {
    const key = decodeURIComponent(s3.object.key.replace(/\+/g, " "));
    const { dir, name, ext } = path.parse(key);
    return {
      created: eventName.startsWith("ObjectCreated:"),
      bucket: s3.bucket.name,
      key,
      thumbnail: path.posix.join("thumbnails", dir, `${name}.webp`),
      isImage: [".jpg", ".png"].includes(ext.toLowerCase()),
      kilobytes: +(s3.object.size / 1024).toFixed(1),
    };
  });
