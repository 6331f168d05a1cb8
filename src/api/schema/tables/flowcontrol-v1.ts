/** Field tables of flowcontrol.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const flowcontrolV1: TypeTable = {
  ExemptPriorityLevelConfiguration: {
    lendablePercent: "int32 #2",
    nominalConcurrencyShares: "int32 #1",
  },
  FlowDistinguisherMethod: {
    type: "!string #1",
  },
  FlowSchema: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "flowcontrol.v1.FlowSchemaSpec #2",
    status: "flowcontrol.v1.FlowSchemaStatus #3",
  },
  FlowSchemaCondition: {
    lastTransitionTime: "time #3",
    message: "string #5",
    reason: "string #4",
    status: "string #2",
    type: "string #1",
  },
  FlowSchemaList: {
    apiVersion: "string",
    items: "![]flowcontrol.v1.FlowSchema #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  FlowSchemaSpec: {
    distinguisherMethod: "flowcontrol.v1.FlowDistinguisherMethod #3",
    matchingPrecedence: "int32 #2",
    priorityLevelConfiguration: "!flowcontrol.v1.PriorityLevelConfigurationReference #1",
    rules: "[]flowcontrol.v1.PolicyRulesWithSubjects list=atomic #4",
  },
  FlowSchemaStatus: {
    conditions: "[]flowcontrol.v1.FlowSchemaCondition list=map:type patch=merge:type #1",
  },
  GroupSubject: {
    name: "!string #1",
  },
  LimitResponse: {
    queuing: "flowcontrol.v1.QueuingConfiguration #2",
    type: "!string #1",
  },
  LimitedPriorityLevelConfiguration: {
    borrowingLimitPercent: "int32 #4",
    lendablePercent: "int32 #3",
    limitResponse: "flowcontrol.v1.LimitResponse #2",
    nominalConcurrencyShares: "int32 #1",
  },
  NonResourcePolicyRule: {
    nonResourceURLs: "![]string list=set #6",
    verbs: "![]string list=set #1",
  },
  PolicyRulesWithSubjects: {
    nonResourceRules: "[]flowcontrol.v1.NonResourcePolicyRule list=atomic #3",
    resourceRules: "[]flowcontrol.v1.ResourcePolicyRule list=atomic #2",
    subjects: "![]flowcontrol.v1.Subject list=atomic #1",
  },
  PriorityLevelConfiguration: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "flowcontrol.v1.PriorityLevelConfigurationSpec #2",
    status: "flowcontrol.v1.PriorityLevelConfigurationStatus #3",
  },
  PriorityLevelConfigurationCondition: {
    lastTransitionTime: "time #3",
    message: "string #5",
    reason: "string #4",
    status: "string #2",
    type: "string #1",
  },
  PriorityLevelConfigurationList: {
    apiVersion: "string",
    items: "![]flowcontrol.v1.PriorityLevelConfiguration #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  PriorityLevelConfigurationReference: {
    name: "!string #1",
  },
  PriorityLevelConfigurationSpec: {
    exempt: "flowcontrol.v1.ExemptPriorityLevelConfiguration #3",
    limited: "flowcontrol.v1.LimitedPriorityLevelConfiguration #2",
    type: "!string #1",
  },
  PriorityLevelConfigurationStatus: {
    conditions: "[]flowcontrol.v1.PriorityLevelConfigurationCondition list=map:type patch=merge:type #1",
  },
  QueuingConfiguration: {
    handSize: "int32 #2",
    queueLengthLimit: "int32 #3",
    queues: "int32 #1",
  },
  ResourcePolicyRule: {
    apiGroups: "![]string list=set #2",
    clusterScope: "boolean #4",
    namespaces: "[]string list=set #5",
    resources: "![]string list=set #3",
    verbs: "![]string list=set #1",
  },
  ServiceAccountSubject: {
    name: "!string #2",
    namespace: "!string #1",
  },
  Subject: {
    group: "flowcontrol.v1.GroupSubject #3",
    kind: "!string #1",
    serviceAccount: "flowcontrol.v1.ServiceAccountSubject #4",
    user: "flowcontrol.v1.UserSubject #2",
  },
  UserSubject: {
    name: "!string #1",
  },
};
