/** Configuration as the controllers see it: through watched caches. */
import type { Informers } from "../../client/informers.ts";
import { type ConfigurationObject, configurationKinds, sourceNameOf } from "./copies.ts";
import type { Configuration } from "./decide.ts";
import type { ConfigurationReference } from "./references.ts";

const copyIndex = "configuration-copies";

/** Must be called once, before `cachedConfiguration` is. */
export function indexConfiguration(informers: Informers): void {
  for (const { ref } of Object.values(configurationKinds)) {
    informers
      .of<ConfigurationObject>(ref)
      .addIndex(copyIndex, (object) => (sourceNameOf(object) === undefined ? [] : [object.metadata.namespace ?? ""]));
  }
}

/** The configuration of a namespace, as of now. */
export function cachedConfiguration(informers: Informers, namespace: string): Configuration {
  return {
    get: ({ kind, name }: ConfigurationReference) =>
      informers.of<ConfigurationObject>(configurationKinds[kind].ref).lister.get({ namespace, name }),
    get copies() {
      return Object.values(configurationKinds).flatMap(({ ref }) =>
        informers.of<ConfigurationObject>(ref).lister.byIndex(copyIndex, namespace),
      );
    },
  };
}
