/** `create token`: a token of a ServiceAccount, for a time. */
import { ApiError } from "../../api/errors.ts";
import type { KindRef } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Command } from "../command.ts";
import { CommandError, usageError } from "../errors.ts";
import { printFlags, printerOf } from "../printing/printer.ts";

const serviceAccountRef: KindRef = { group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts", scope: "Namespaced" };
/** What a token can be bound to, so that it ends with it; with the version of its kind. */
const boundKinds: Readonly<Record<string, string>> = { Node: "v1", Pod: "v1", Secret: "v1" };

export const token: Command = {
  usage: "SERVICE_ACCOUNT_NAME [--duration=TIME] [flags]",
  about: "Asks for a token with which to act as a ServiceAccount, and prints it.",
  examples: `windlass create token deployer --duration=1h
windlass get pods --token="$(windlass create token viewer)"`,
  flags: [
    ...printFlags,
    { name: "audience", type: "array", about: "for whom the token is; may be given several times" },
    { name: "duration", type: "duration", default: "0s", about: "how long it is to be good; 0: as long as the server thinks fit" },
    { name: "bound-object-kind", type: "string", about: "the token ends with this object: Node, Pod or Secret" },
    { name: "bound-object-name", type: "string", about: "name of that object" },
    { name: "bound-object-uid", type: "string", about: "uid of that object" },
  ],
  async run({ flags, args, name: invoked }, environment) {
    if (args.length !== 1) throw usageError(invoked, `exactly one NAME is required, got ${args.length}`);
    const [name = ""] = args;
    const [kind, boundName, uid] = ["kind", "name", "uid"].map((part) => flags.string(`bound-object-${part}`)) as [string, string, string];
    if (flags.duration("duration") < 0) throw new CommandError("--duration must be greater than or equal to 0");
    if (kind === "") {
      if (boundName !== "") throw new CommandError("--bound-object-name can only be set if --bound-object-kind is provided");
      if (uid !== "") throw new CommandError("--bound-object-uid can only be set if --bound-object-kind is provided");
    } else if (boundKinds[kind] === undefined)
      throw new CommandError(`supported --bound-object-kind values are ${Object.keys(boundKinds).join(", ")}`);
    else if (boundName === "") throw new CommandError("--bound-object-name is required if --bound-object-kind is provided");
    const printer = await printerOf(flags, environment);
    const seconds = Math.floor(flags.duration("duration") / 1000);
    const request: AnyObject = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: {},
      spec: {
        audiences: flags.list("audience"),
        ...(seconds > 0 && { expirationSeconds: seconds }),
        ...(kind !== "" && { boundObjectRef: { kind, apiVersion: boundKinds[kind], name: boundName, ...(uid !== "" && { uid }) } }),
      },
    };
    const connection = await environment.connect(flags);
    try {
      const key = { namespace: connection.namespace, name };
      const answer = await connection.client.createSubresource(serviceAccountRef, key, "token", request).catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
        throw new CommandError(`failed to create token: ${error.message}`, { cause: error });
      });
      const text = answer["status"]?.token;
      if (typeof text !== "string" || text === "") throw new CommandError("failed to create token: no token in server response");
      environment.stdout.write(printer ? printer(answer) : text);
      return 0;
    } finally {
      connection.close();
    }
  },
};
