import { type Line } from "./types";

export function total<T extends Line>(lines: readonly T[]): number {
  return lines.reduce((sum: number, { price, count }): number => sum + price * count, 0);
}
