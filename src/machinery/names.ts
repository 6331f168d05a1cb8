/** What names, label keys and label values may look like, and what the API says of those that may not. */

const dnsLabel = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dnsSubdomain = `${dnsLabel}(\\.${dnsLabel})*`;
const dns1035Label = "[a-z]([-a-z0-9]*[a-z0-9])?";
const qualifiedPart = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelValue = `(${qualifiedPart})?`;
const configKey = "[-._a-zA-Z0-9]+";

const whole = (expression: string): RegExp => new RegExp(`^${expression}$`);
const dnsLabelPattern = whole(dnsLabel);
const dnsSubdomainPattern = whole(dnsSubdomain);
const dns1035LabelPattern = whole(dns1035Label);
const qualifiedPartPattern = whole(qualifiedPart);
const labelValuePattern = whole(labelValue);
const configKeyPattern = whole(configKey);

const labelMax = 63;
const subdomainMax = 253;

const byteLength = (text: string): number => {
  // Names that pass are ASCII; only others need counting.
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return new TextEncoder().encode(text).length;
  return text.length;
};
const tooLong = (max: number): string => `must be no more than ${max} bytes`;
const mismatch = (rule: string, expression: string, ...examples: string[]): string =>
  `${rule} (e.g. ${examples.map((example) => `'${example}', `).join(" or ")}regex used for validation is '${expression}')`;

const labelText = mismatch(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  dnsLabel,
  "my-name",
  "123-abc",
);
const subdomainText = mismatch(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  dnsSubdomain,
  "example.com",
);
const label1035Text = mismatch(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  dns1035Label,
  "my-name",
  "abc-123",
);
const qualifiedText = mismatch(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualifiedPart,
  "MyName",
  "my.name",
  "123-abc",
);
const labelValueText = mismatch(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  labelValue,
  "MyValue",
  "my_value",
  "12345",
);
const configKeyText = mismatch(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  configKey,
  "key.name",
  "KEY_NAME",
  "key-name",
);

const variablePattern = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;
const variableText =
  "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')";

/** The rules that a name can be held to. */
export type NameRule =
  | "dns1123-label"
  | "dns1123-subdomain"
  | "dns1035-label"
  | "qualified-name"
  | "label-value"
  | "config-key"
  | "variable"
  | "path-segment";

const rules: Readonly<Record<NameRule, (text: string) => string[]>> = {
  "dns1123-label": (text) => bounded(text, labelMax, dnsLabelPattern, labelText),
  "dns1123-subdomain": (text) => bounded(text, subdomainMax, dnsSubdomainPattern, subdomainText),
  "dns1035-label": (text) => bounded(text, labelMax, dns1035LabelPattern, label1035Text),
  "label-value": (text) => bounded(text, labelMax, labelValuePattern, labelValueText),
  "qualified-name": qualifiedProblems,
  "config-key": (text) => [
    ...bounded(text, subdomainMax, configKeyPattern, configKeyText),
    ...(text === "."
      ? ["must not be '.'"]
      : text === ".."
        ? ["must not be '..'"]
        : text.startsWith("..")
          ? ["must not start with '..'"]
          : []),
  ],
  variable: (text) => (variablePattern.test(text) ? [] : [variableText]),
  "path-segment": (text) => [
    ...(text === "." || text === ".." ? [`may not be '${text}'`] : []),
    ...["/", "%"].filter((character) => text.includes(character)).map((character) => `may not contain '${character}'`),
  ],
};

function bounded(text: string, max: number, pattern: RegExp, problem: string): string[] {
  const problems: string[] = [];
  const long = byteLength(text) > max;
  if (long) problems.push(tooLong(max));
  // A text beyond every limit is not worth matching: the answer is no already.
  if (text.length > 4 * max || !pattern.test(text)) if (!long || text.length <= 4 * max) problems.push(problem);
  return problems;
}

function qualifiedProblems(text: string): string[] {
  const parts = text.split("/");
  if (parts.length > 2)
    return [
      `a qualified name ${qualifiedText.replace(/\)$/, "")}) with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  const problems: string[] = [];
  const [prefix, name] = parts.length === 2 ? (parts as [string, string]) : [undefined, parts[0] as string];
  if (prefix === "") problems.push("prefix part must be non-empty");
  else if (prefix !== undefined) problems.push(...rules["dns1123-subdomain"](prefix).map((problem) => `prefix part ${problem}`));
  if (name === "") problems.push("name part must be non-empty");
  else if (byteLength(name) > labelMax) problems.push(`name part ${tooLong(labelMax)}`);
  if (name.length > 4 * labelMax || !qualifiedPartPattern.test(name)) problems.push(`name part ${qualifiedText}`);
  return problems;
}

/** Everything wrong with a text under a rule, in the words of the API; empty when it is fine. */
export const nameProblems = (rule: NameRule, text: string): string[] => rules[rule](text);

export const isDns1123Label = (text: string): boolean => text.length <= labelMax && dnsLabelPattern.test(text);
export const isDns1123Subdomain = (text: string): boolean => text.length <= subdomainMax && dnsSubdomainPattern.test(text);
export const isDns1035Label = (text: string): boolean => text.length <= labelMax && dns1035LabelPattern.test(text);
export const isLabelValue = (text: string): boolean => text.length <= labelMax && labelValuePattern.test(text);
const isQualifiedPart = (text: string): boolean => text.length <= labelMax && qualifiedPartPattern.test(text);

/** Whether a text may be a label or annotation key: `name` or `dns.prefix/name`. Runs on every key of every write: it allocates little. */
export function isQualifiedName(text: string): boolean {
  const slash = text.indexOf("/");
  if (slash < 0) return isQualifiedPart(text);
  // A second slash is in the part's text, which has no room for one.
  return isDns1123Subdomain(text.slice(0, slash)) && isQualifiedPart(text.slice(slash + 1));
}
