/** `-o go-template`: a template as an output format, with kubectl's words for what goes wrong. */
import { CommandError } from "../../errors.ts";
import { compileGoTemplate, TemplateError } from "./template.ts";

/** Throws `CommandError`. Values are left out of messages: they may be those of a Secret. */
export function goTemplatePrinter(text: string, options: { readonly allowMissing: boolean }): (value: unknown) => string {
  const named = <T>(what: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new CommandError(`${what}${error.message}`, { cause: error });
    }
  };
  const fill = named(`error parsing template ${text}, template: output: `, () => compileGoTemplate(text, options));
  return (value) => named(`error executing template ${JSON.stringify(text)}: template: output: `, () => fill(value));
}
