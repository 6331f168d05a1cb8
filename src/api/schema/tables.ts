/** Every field table, by the prefix of its type names. One line per API group and version. */
import { admissionregistrationV1 } from "./tables/admissionregistration-v1.ts";
import { apiextensionsV1 } from "./tables/apiextensions-v1.ts";
import { apiregistrationV1 } from "./tables/apiregistration-v1.ts";
import { appsV1 } from "./tables/apps-v1.ts";
import { authenticationV1 } from "./tables/authentication-v1.ts";
import { authorizationV1 } from "./tables/authorization-v1.ts";
import { autoscalingV1 } from "./tables/autoscaling-v1.ts";
import { autoscalingV2 } from "./tables/autoscaling-v2.ts";
import { batchV1 } from "./tables/batch-v1.ts";
import { certificatesV1 } from "./tables/certificates-v1.ts";
import { coordinationV1 } from "./tables/coordination-v1.ts";
import { coreV1 } from "./tables/core-v1.ts";
import { discoveryV1 } from "./tables/discovery-v1.ts";
import { eventsV1 } from "./tables/events-v1.ts";
import { flowcontrolV1 } from "./tables/flowcontrol-v1.ts";
import { metaV1 } from "./tables/meta-v1.ts";
import { networkingV1 } from "./tables/networking-v1.ts";
import { nodeV1 } from "./tables/node-v1.ts";
import { policyV1 } from "./tables/policy-v1.ts";
import { rbacV1 } from "./tables/rbac-v1.ts";
import { schedulingV1 } from "./tables/scheduling-v1.ts";
import { storageV1 } from "./tables/storage-v1.ts";
import { version } from "./tables/version.ts";
import type { TypeTable } from "./notation.ts";

export const tables: Readonly<Record<string, TypeTable>> = {
  "admissionregistration.v1": admissionregistrationV1,
  "apiextensions.v1": apiextensionsV1,
  "apiregistration.v1": apiregistrationV1,
  "apps.v1": appsV1,
  "authentication.v1": authenticationV1,
  "authorization.v1": authorizationV1,
  "autoscaling.v1": autoscalingV1,
  "autoscaling.v2": autoscalingV2,
  "batch.v1": batchV1,
  "certificates.v1": certificatesV1,
  "coordination.v1": coordinationV1,
  "core.v1": coreV1,
  "discovery.v1": discoveryV1,
  "events.v1": eventsV1,
  "flowcontrol.v1": flowcontrolV1,
  "meta.v1": metaV1,
  "networking.v1": networkingV1,
  "node.v1": nodeV1,
  "policy.v1": policyV1,
  "rbac.v1": rbacV1,
  "scheduling.v1": schedulingV1,
  "storage.v1": storageV1,
  version: version,
};
