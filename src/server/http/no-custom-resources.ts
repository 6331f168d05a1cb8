/**
 * The list of custom resource definitions, which is always empty. kubectl asks for it, without having found it in discovery, before it
 * sends an object of a kind that can't be patched, such as a TokenReview, and gives up where it is not there.
 */
import { utf8 } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { RequestInfo } from "./request-info.ts";

const group = "apiextensions.k8s.io";

/** Whether a request asks for all custom resource definitions. */
export const asksForCustomResources = (request: RequestInfo): boolean =>
  request.type === "resource" &&
  request.verb === "list" &&
  request.group === group &&
  request.version === "v1" &&
  request.resource === "customresourcedefinitions";

/** Answers that there are none. */
export function answerNoCustomResources(exchange: Exchange): void {
  const list = { apiVersion: `${group}/v1`, kind: "CustomResourceDefinitionList", metadata: { resourceVersion: "1" }, items: [] };
  exchange.respond(200, { "content-type": "application/json", "cache-control": "no-cache, private" }, utf8(JSON.stringify(list)));
}
