exports.handler = async (event) => {
  const now = new Date(event.time);
  const day = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()));
  const week = Math.ceil(((day - Date.UTC(now.getUTCFullYear(), 0, 1)) / 864e5 + 1) / 7);
  const yesterday = new Date(day.getTime() - 864e5);
  return {
    rule: event.resources[0].split("/").pop(),
    report: `reports/${yesterday.toISOString().slice(0, 10).replaceAll("-", "/")}.json`,
    weekday: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][now.getUTCDay()],
    week,
    isLeapDay: now.toISOString().slice(5, 10) === "02-29",
  };
};
