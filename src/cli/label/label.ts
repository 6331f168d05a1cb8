/** `label`: labels of objects that are there. */
import { nameProblems } from "../../machinery/names.ts";
import { CommandError } from "../errors.ts";
import { metadataCommand } from "./change-metadata.ts";

export const label = metadataCommand(
  {
    field: "labels",
    noun: "label",
    done: ({ isChanged, isSmaller, overwrites }) => (!isChanged ? "not labeled" : isSmaller && !overwrites ? "unlabeled" : "labeled"),
    tellsMissing: true,
    fieldManager: "kubectl-label",
    check({ set }) {
      for (const [key, value] of Object.entries(set)) {
        const problems = nameProblems("label-value", value);
        if (problems.length > 0) throw new CommandError(`invalid label value: ${JSON.stringify(`${key}=${value}`)}: ${problems.join(";")}`);
      }
    },
  },
  {
    usage: "(-f FILENAME | TYPE NAME | TYPE/NAME ...) KEY=VALUE ... KEY- ... [flags]",
    about: "Sets, changes and takes away labels of objects.",
    examples: `windlass label pod web-0 release=canary
windlass label pods --all release-`,
  },
);
