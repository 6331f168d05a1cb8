/** Writes what components report to standard error, a line each. */
import type { Log } from "../base/log.ts";
import { systemClock } from "../base/system-world.node.ts";
import { formatMicroTime } from "../base/time.ts";

type Level = "debug" | "info" | "warn" | "error";
const order: readonly Level[] = ["debug", "info", "warn", "error"];

/** A log of everything from `least` on. Lines: time, level, message, fields as `key=value`. */
export function consoleLog(least: Level): Log {
  const write =
    (level: Level) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      const pairs = Object.entries(fields).map(
        ([key, value]) => ` ${key}=${typeof value === "string" ? JSON.stringify(value) : String(value)}`,
      );
      process.stderr.write(`${timestamp()} ${level} ${message}${pairs.join("")}\n`);
    };
  const quiet = (): void => {};
  const at = (level: Level) => (order.indexOf(level) >= order.indexOf(least) ? write(level) : quiet);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

const timestamp = (): string => formatMicroTime(systemClock.now());
