/** Labels and selectors, where a command takes them as text. */
import type { LabelSelector } from "../../api/types.ts";
import { type LabelOperator, parseLabelSelector } from "../../machinery/selectors.ts";
import { CommandError } from "../errors.ts";

/** `a=b,c=d` as labels. Throws `CommandError` for what is no pair. */
export const matchLabelsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split(",").map((pair): [string, string] => {
      const [key = "", value, ...more] = pair.split("=");
      if (value === undefined || more.length > 0) throw new CommandError(`unexpected label spec: ${pair}`);
      return [key, value];
    }),
  );

const operators: Readonly<Partial<Record<LabelOperator, string>>> = {
  in: "In",
  notin: "NotIn",
  "!=": "NotIn",
  exists: "Exists",
  "!": "DoesNotExist",
};

/** `a=b,c in (d,e),!f` as the selector that an object has. Throws what the text is refused with. */
export function selectorOf(text: string): LabelSelector {
  const { requirements } = parseLabelSelector(text);
  const matchLabels = Object.fromEntries(
    requirements.filter(({ operator }) => operator === "=").map(({ key, values }) => [key, values[0] ?? ""]),
  );
  const matchExpressions = requirements.flatMap(({ key, operator, values }) => {
    if (operator === "=") return [];
    const name = operators[operator];
    if (name === undefined) throw new CommandError(`${JSON.stringify(operator)} is not a valid label selector operator`);
    return [{ key, operator: name, ...(values.length > 0 && { values: [...values] }) }];
  });
  return {
    ...(Object.keys(matchLabels).length > 0 && { matchLabels }),
    ...(matchExpressions.length > 0 && { matchExpressions }),
  } as LabelSelector;
}
