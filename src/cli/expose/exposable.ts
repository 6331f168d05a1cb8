/** What can be exposed, and what a Service needs to know of it: a line per kind. */
import type { AnyObject } from "../../api/meta/object.ts";
import { CommandError } from "../errors.ts";

export interface Exposable {
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly port: number; readonly protocol: string }[];
  /** Labels of the Pods. Throws `CommandError` where a Service can't say it. */
  selector(): Readonly<Record<string, string>>;
}

type Ways = Pick<Exposable, "selector" | "ports">;

const containerPorts = (podSpec: any): Exposable["ports"] =>
  (podSpec?.containers ?? []).flatMap(({ ports = [] }: any) =>
    ports.map(({ containerPort, protocol = "TCP" }: any) => ({ port: containerPort, protocol })),
  );

const byLabelSelector = ({ spec }: AnyObject): Ways => ({
  ports: containerPorts(spec.template?.spec),
  selector() {
    const { matchLabels = {}, matchExpressions = [] } = spec.selector ?? {};
    if (matchExpressions.length > 0)
      throw new CommandError(`couldn't convert expressions - ${JSON.stringify(matchExpressions)} to map-based selector format`);
    if (Object.keys(matchLabels).length === 0) throw new CommandError("invalid deployment: no selectors, therefore cannot be exposed");
    return matchLabels;
  },
});

/** By kind and group. */
const ways: Readonly<Record<string, (object: AnyObject) => Ways>> = {
  "Deployment.apps": byLabelSelector,
  "ReplicaSet.apps": byLabelSelector,
  ReplicationController: ({ spec }) => ({ ports: containerPorts(spec.template?.spec), selector: () => spec.selector ?? {} }),
  Pod: ({ metadata, spec }) => ({
    ports: containerPorts(spec),
    selector() {
      if (Object.keys(metadata.labels ?? {}).length === 0) throw new CommandError("the pod has no labels and cannot be exposed");
      return metadata.labels ?? {};
    },
  }),
  Service: ({ spec }) => ({
    ports: (spec.ports ?? []).map(({ port, protocol = "TCP" }: any) => ({ port, protocol })),
    selector() {
      if (!spec.selector) throw new CommandError("invalid service: no pod selector set, therefore cannot be exposed");
      return spec.selector;
    },
  }),
};

/** Throws `CommandError` for a kind that has no Pods to lead to, or whose Pods a Service can't name. */
export function exposable(object: AnyObject, group: string): Exposable {
  const name = group === "" ? object.kind : `${object.kind}.${group}`;
  const way = ways[name];
  if (!way) throw new CommandError(`cannot expose a ${name}`);
  return { labels: object.metadata.labels ?? {}, ...way(object) };
}
