/** A face of a kind's objects that may also take a POST, such as binding or eviction. */
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import type { RequestContext } from "../api.ts";
import type { Core } from "./core.ts";
import type { Face } from "./face.ts";

export interface Subresource extends Face {
  /** Serves POST. Throws `ApiError`. */
  post?(core: Core, kind: KindDefinition, key: ObjectKey, body: AnyObject, context: RequestContext): Promise<AnyObject>;
}
