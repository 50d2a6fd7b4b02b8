// A package with an exports map, top-level await, and CommonJS beside it.
import { setTimeout as sleep } from "node:timers/promises";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import greet, { version } from "greeter";
import { shout } from "greeter/shout";
import legacy, { add } from "./legacy.cjs";
import settings from "./settings.json" with { type: "json" };

await sleep(1);
const require = createRequire(import.meta.url);
const text = await readFile(new URL("./settings.json", import.meta.url), "utf8");
let calls = 0;

export const handler = async ({ name }) => {
  calls += 1;
  const { lazy } = await import("./lazy.mjs");
  return {
    greeting: shout(greet(name)), version, sum: add(1, 2), same: legacy.add === require("./legacy.cjs").add, lazy: lazy(),
    unit: settings.unit, bytes: text.length, counted: calls > 0,
  };
};
