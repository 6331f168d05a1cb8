/** Field tables of discovery.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const discoveryV1: TypeTable = {
  Endpoint: {
    addresses: "![]string list=set",
    conditions: "discovery.v1.EndpointConditions",
    deprecatedTopology: "map<string>",
    hints: "discovery.v1.EndpointHints",
    hostname: "string",
    nodeName: "string",
    targetRef: "core.v1.ObjectReference",
    zone: "string",
  },
  EndpointConditions: {
    ready: "boolean",
    serving: "boolean",
    terminating: "boolean",
  },
  EndpointHints: {
    forNodes: "[]discovery.v1.ForNode list=atomic",
    forZones: "[]discovery.v1.ForZone list=atomic",
  },
  EndpointPort: {
    $struct: "atomic",
    appProtocol: "string",
    name: "string",
    port: "int32",
    protocol: "string",
  },
  EndpointSlice: {
    addressType: "!string",
    apiVersion: "string",
    endpoints: "[]discovery.v1.Endpoint list=atomic",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    ports: "[]discovery.v1.EndpointPort list=atomic",
  },
  EndpointSliceList: {
    apiVersion: "string",
    items: "![]discovery.v1.EndpointSlice",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  ForNode: {
    name: "!string",
  },
  ForZone: {
    name: "!string",
  },
};
