// As handlers were written before there were promises.
const fs = require("fs");
const util = require("util");

exports.handler = function (event, context, callback) {
  context.callbackWaitsForEmptyEventLoop = false;
  setInterval(() => {}, 1000);
  fs.writeFile("/tmp/note.txt", util.format("%s:%d", event.name, event.count), (error) => {
    if (error) return callback(error);
    fs.readFile("/tmp/note.txt", "utf8", (failure, text) => {
      if (failure) return callback(failure);
      process.nextTick(() => callback(null, { text, function: typeof context.functionName, left: context.getRemainingTimeInMillis() > 0 }));
    });
  });
};
