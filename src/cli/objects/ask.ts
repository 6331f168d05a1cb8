/** A question on the terminal, and whether the answer is yes. */
import type { Environment } from "../command.ts";

/** Prints the question and resolves with whether the line that follows is `y` or `yes`; no input is no. */
export async function ask(question: string, { stdin, stdout }: Pick<Environment, "stdin" | "stdout">): Promise<boolean> {
  stdout.write(question);
  const decoder = new TextDecoder();
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    const over = (): void => {
      input.close();
      resolve(text);
    };
    const input = stdin.stream({
      data(chunk) {
        text += decoder.decode(chunk, { stream: true });
        if (text.includes("\n")) over();
      },
      end: over,
    });
  });
  return /^y(es)?\s*$/i.test(answer.split("\n")[0] ?? "");
}
