/** Field tables of discovery.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const discoveryV1: TypeTable = {
  Endpoint: {
    addresses: "![]string list=set #1",
    conditions: "discovery.v1.EndpointConditions #2",
    deprecatedTopology: "map<string> #5",
    hints: "discovery.v1.EndpointHints #8",
    hostname: "string #3",
    nodeName: "string #6",
    targetRef: "core.v1.ObjectReference #4",
    zone: "string #7",
  },
  EndpointConditions: {
    ready: "boolean #1",
    serving: "boolean #2",
    terminating: "boolean #3",
  },
  EndpointHints: {
    forNodes: "[]discovery.v1.ForNode list=atomic #2",
    forZones: "[]discovery.v1.ForZone list=atomic #1",
  },
  EndpointPort: {
    $struct: "atomic",
    appProtocol: "string #4",
    name: "string #1",
    port: "int32 #3",
    protocol: "string #2",
  },
  EndpointSlice: {
    addressType: "!string #4",
    apiVersion: "string",
    endpoints: "[]discovery.v1.Endpoint list=atomic #2",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    ports: "[]discovery.v1.EndpointPort list=atomic #3",
  },
  EndpointSliceList: {
    apiVersion: "string",
    items: "![]discovery.v1.EndpointSlice #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  ForNode: {
    name: "!string #1",
  },
  ForZone: {
    name: "!string #1",
  },
};
