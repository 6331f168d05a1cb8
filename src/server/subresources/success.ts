/** The answer to a POST that made nothing to show. */
import type { AnyObject } from "../../api/meta/object.ts";

export const created = (): AnyObject => ({
  apiVersion: "v1",
  kind: "Status",
  metadata: {} as AnyObject["metadata"],
  status: "Success",
  code: 201,
});
