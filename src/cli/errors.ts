/** What went wrong, in kubectl's words and with its exit codes. Every command throws; only `run.ts` prints. */
import { ApiError } from "../api/errors.ts";
import { ConnectionError } from "../client/client.ts";

/** Wrong usage or a failure of the command's own. Printed as `error: MESSAGE`, unless the message begins with that. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, options: { readonly exitCode?: number; readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = "CommandError";
    this.exitCode = options.exitCode ?? 1;
  }
}

/** Exit codes as shells report programs that a signal ended. */
const signalCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** What a command that was told to end throws: nothing to read, and the code that says so. */
export const interruption = (signal: keyof typeof signalCodes): CommandError => new CommandError("", { exitCode: signalCodes[signal] });

const isInterruption = (error: unknown): boolean => error instanceof CommandError && error.message === "";

/** Wrong usage of one command: the message and where to read more. `name` is the invocation's. */
export const usageError = (name: string, message: string): CommandError =>
  new CommandError(`${message}\nSee '${name} -h' for help and examples`);

/** Several things went wrong, each on its own; each is printed on a line. Throws nothing for none, and one as it is. */
export function throwAll(errors: readonly Error[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors);
}

/** Does `work` for one item after another, whatever fails on the way. Resolves with what went wrong. */
export async function failuresOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<Error[]> {
  const failures: Error[] = [];
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      failures.push(error as Error);
    }
  }
  return failures;
}

/** The lines for stderr, and the exit code. */
export function describeError(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof AggregateError) {
    const interrupted = error.errors.find(isInterruption);
    if (interrupted) return describeError(interrupted);
    // As one of several, what is no answer of the server stands without `error: `, as kubectl has it.
    const texts = error.errors.map((each) => (each instanceof CommandError ? each.message : describeError(each).text));
    return { text: [...new Set(texts)].map((text) => `${text}\n`).join(""), exitCode: 1 };
  }
  if (error instanceof ApiError) return { text: apiErrorText(error), exitCode: 1 };
  if (error instanceof ConnectionError) return { text: connectionErrorText(error), exitCode: 1 };
  const message = error instanceof Error ? error.message : String(error);
  const text = message === "" || message.startsWith("error: ") || message.startsWith("Error") ? message : `error: ${message}`;
  return { text, exitCode: error instanceof CommandError ? error.exitCode : 1 };
}

function apiErrorText(error: ApiError): string {
  const { reason = "", details, message = "" } = error.status;
  if (reason === "Invalid") {
    const head =
      details?.kind || details?.name
        ? `The ${details.kind ?? ""} ${JSON.stringify(details.name ?? "")} is invalid`
        : "The request is invalid";
    const causes = (details?.causes ?? []).map((cause) => (cause.field ? `${cause.field}: ${cause.message ?? ""}` : (cause.message ?? "")));
    if (causes.length === 0) return details?.kind || details?.name || message === "" ? head : `${head}: ${message}`;
    return causes.length === 1 ? `${head}: ${causes[0]}` : `${head}: \n${causes.map((cause) => `* ${cause}`).join("\n")}`;
  }
  if (reason === "Unauthorized") return `error: You must be logged in to the server (${message})`;
  return reason === "" ? `Error from server: ${error.message}` : `Error from server (${reason}): ${error.message}`;
}

function connectionErrorText({ message }: ConnectionError): string {
  return message.startsWith("The connection to the server") ? message : `Unable to connect to the server: ${message}`;
}
