// Configuration revisions where a server calls the webhook: the part of kube-apiserver is played by a rule of admission.
import assert from "node:assert/strict";
import type { AnyObject } from "../api/meta/object.ts";
import type { Client } from "../client/client.ts";
import { applyJsonPatch } from "../machinery/json-patch.ts";
import { reviewWorkload } from "../release/configuration/webhook.ts";
import type { AdmissionRule } from "../server/admission/admission.ts";
import { configurationRevisions } from "./configuration-revisions.suite.ts";

/** Everything goes as JSON, there and back. Which fields are whose was noted before the webhook is asked, as elsewhere. */
const callsWebhook = (client: () => Client): AdmissionRule => ({
  name: "MutatingAdmissionWebhook",
  concerns: (kind, operation, subresource) =>
    kind.group === "apps" &&
    ["deployments", "statefulsets", "daemonsets"].includes(kind.plural) &&
    operation !== "DELETE" &&
    subresource === "",
  async rewrite({ object, old, operation, namespace, name, context, kind }) {
    const { group, version, plural: resource } = kind;
    const request = {
      uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
      kind: { group, version, kind: kind.kind },
      resource: { group, version, resource },
      name,
      namespace,
      operation,
      userInfo: { username: "jane" },
      object,
      oldObject: old ?? null,
      dryRun: context.dryRun === true,
      options: null,
    };
    const review = JSON.parse(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request }));
    const { response } = JSON.parse(JSON.stringify(await reviewWorkload(review, client())));
    assert.deepEqual([response.uid, response.allowed], [request.uid, true]);
    if (response.patch === undefined) return false;
    assert.equal(response.patchType, "JSONPatch");
    const patched = applyJsonPatch(review.request.object, JSON.parse(atob(response.patch))) as AnyObject;
    // The server goes on to write into the metadata that it has; of them the webhook changes the labels alone.
    assert.deepEqual({ ...patched.metadata, labels: undefined }, { ...review.request.object.metadata, labels: undefined });
    if (patched.metadata.labels) object.metadata.labels = patched.metadata.labels;
    else delete object.metadata.labels;
    object.spec = patched.spec;
    return true;
  },
});

configurationRevisions("by the webhook", callsWebhook);
