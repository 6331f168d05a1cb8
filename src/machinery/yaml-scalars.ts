/** What an unquoted word of YAML 1.1 means: `0400` is 256, `on` and `y` are booleans, `1_000` is 1000, dates stay texts. */

const booleans = new Map<string, boolean>();
for (const word of ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]) booleans.set(word, true);
for (const word of ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]) booleans.set(word, false);

function integerOf(text: string): number {
  const digits = text.replaceAll("_", "").replace(/^[-+]/, "");
  const sign = text.startsWith("-") ? -1 : 1;
  const octal = /^0[oO]?([0-7]+)$/.exec(digits);
  return sign * (octal ? Number.parseInt(octal[1] as string, 8) : Number(digits));
}

/** In this order: the first whose `test` matches says what the word is. A word that no rule knows is a text. */
export const scalarRules: readonly { readonly tag: string; readonly test: RegExp; readonly resolve: (text: string) => unknown }[] = [
  { tag: "tag:yaml.org,2002:null", test: /^(?:~|null|Null|NULL)?$/, resolve: () => null },
  {
    tag: "tag:yaml.org,2002:bool",
    test: /^(?:[yYnN]|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
    resolve: (text) => booleans.get(text),
  },
  {
    tag: "tag:yaml.org,2002:int",
    test: /^[-+]?(0[bB][01_]+|0[oO]?[0-7_]+|0[xX][0-9a-fA-F_]+|[1-9][0-9_]*|0)$/,
    resolve: integerOf,
  },
  {
    tag: "tag:yaml.org,2002:float",
    test: /^[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?$/,
    resolve: (text) => Number(text.replaceAll("_", "")),
  },
  {
    tag: "tag:yaml.org,2002:float",
    test: /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    resolve: (text) => (/nan/i.test(text) ? Number.NaN : Number.POSITIVE_INFINITY),
  },
];
