/** `annotate`: annotations of objects that are there. */
import { metadataCommand } from "./change-metadata.ts";

export const annotate = metadataCommand(
  {
    field: "annotations",
    noun: "annotation",
    done: () => "annotated",
    tellsMissing: false,
    fieldManager: "kubectl-annotate",
    check() {},
  },
  {
    usage: "(-f FILENAME | TYPE NAME | TYPE/NAME ...) KEY=VALUE ... KEY- ... [flags]",
    about: "Sets, changes and takes away annotations of objects.",
    examples: `windlass annotate deployment/web kubernetes.io/change-cause='nginx 1.18, for the cache fix'
windlass annotate deployment/web description-`,
  },
);
