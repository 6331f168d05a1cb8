import assert from "node:assert/strict";
import { test } from "node:test";
import { type Flag, FlagError } from "./flags.ts";
import { findSubcommand, parseFlags } from "./parse-flags.ts";

const flags: readonly Flag[] = [
  { name: "output", short: "o", type: "string", about: "" },
  { name: "namespace", short: "n", type: "string", about: "" },
  { name: "filename", short: "f", type: "list", about: "" },
  { name: "set", type: "array", about: "" },
  { name: "stdin", short: "i", about: "" },
  { name: "tty", short: "t", about: "" },
  { name: "watch", short: "w", about: "" },
  { name: "replicas", type: "int", default: "1", about: "" },
  { name: "timeout", type: "duration", about: "" },
  { name: "dry-run", type: "string", default: "none", bare: "unchanged", about: "" },
  { name: "record", deprecated: "--record will be removed in the future", about: "" },
];

test("flags are given in every way that kubectl takes them", () => {
  const table: [line: string[], args: string[], output: string, files: string[]][] = [
    [["pods", "-o", "wide"], ["pods"], "wide", []],
    [["-o=wide", "pods"], ["pods"], "wide", []],
    [["-owide", "pods"], ["pods"], "wide", []],
    [["pods", "--output=wide", "web"], ["pods", "web"], "wide", []],
    [["pods", "--output", "wide"], ["pods"], "wide", []],
    [["-f", "a", "-f", "b,c", "-fd"], [], "", ["a", "b", "c", "d"]],
    [["-f", 'a,"b,c"'], [], "", ["a", "b,c"]],
    [["--output="], [], "", []],
    [["-o", "a", "-o", "b"], [], "b", []],
    [["-f", "-"], [], "", ["-"]],
    [["-"], ["-"], "", []],
    [["a", "--", "-o", "b"], ["a", "-o", "b"], "", []],
  ];
  for (const [line, args, output, files] of table) {
    const parsed = parseFlags(flags, line);
    assert.deepEqual([parsed.args, parsed.flags.string("output"), parsed.flags.list("filename")], [args, output, files], line.join(" "));
  }
});

test("letters stand together, and a bare flag takes no separate value", () => {
  const it = parseFlags(flags, ["-it", "web", "--", "ls", "-l"]);
  assert.deepEqual([it.flags.bool("stdin"), it.flags.bool("tty"), it.args, it.argsBeforeDashes], [true, true, ["web", "ls", "-l"], 1]);
  const bare = parseFlags(flags, ["--dry-run", "client", "--watch=false", "-w=0"]);
  assert.deepEqual([bare.flags.string("dry-run"), bare.args, bare.flags.bool("watch")], ["unchanged", ["client"], false]);
  assert.equal(parseFlags(flags, []).flags.string("dry-run"), "none");
  assert.equal(parseFlags(flags, ["-itowide"]).flags.string("output"), "wide");
});

test("values are read by their type; what a flag is worth when it is not given is its default", () => {
  const { flags: given } = parseFlags(flags, ["--replicas=-3", "--timeout=1m30s", "--set=a,b", "--set=c"]);
  assert.deepEqual([given.int("replicas"), given.duration("timeout"), given.list("set")], [-3, 90_000, ["a,b", "c"]]);
  const none = parseFlags(flags, []).flags;
  assert.deepEqual([none.int("replicas"), none.given("replicas"), given.given("replicas")], [1, false, true]);
});

test("a deprecated flag works and says so", () => {
  const { flags: given, warnings } = parseFlags(flags, ["--record"]);
  assert.equal(given.bool("record"), true);
  assert.deepEqual(warnings, ["Flag --record has been deprecated, --record will be removed in the future"]);
});

test("mistakes are told in pflag's words", () => {
  const table: [string[], string][] = [
    [["--foo"], "unknown flag: --foo"],
    [["--foo=bar"], "unknown flag: --foo"],
    [["-zoo"], "unknown shorthand flag: 'z' in -zoo"],
    [["--output"], "flag needs an argument: --output"],
    [["-io"], "flag needs an argument: 'o' in -io"],
    [["--=x"], "bad flag syntax: --=x"],
    [["---x"], "bad flag syntax: ---x"],
    [["--watch=maybe"], 'invalid argument "maybe" for "-w, --watch" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
    [["--replicas=x"], 'invalid argument "x" for "--replicas" flag: strconv.ParseInt: parsing "x": invalid syntax'],
    [["--timeout=5"], 'invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"'],
    [["--timeout=x"], 'invalid argument "x" for "--timeout" flag: time: invalid duration "x"'],
  ];
  for (const [line, message] of table) {
    assert.throws(
      () => parseFlags(flags, line),
      (error) => error instanceof FlagError && error.message === message,
      line.join(" "),
    );
  }
});

test("the command is the first word that is neither a flag nor the value of one", () => {
  const table: [string[], number][] = [
    [["get", "pods"], 0],
    [["-n", "x", "get", "pods"], 2],
    [["-nx", "get"], 1],
    [["--namespace=x", "get"], 1],
    [["--namespace", "x", "get"], 2],
    [["-w", "get"], 1],
    [["--unknown", "get"], -1],
    [["--", "get"], -1],
    [[], -1],
  ];
  for (const [line, at] of table) assert.equal(findSubcommand(flags, line), at, line.join(" "));
});
