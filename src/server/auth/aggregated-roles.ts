/**
 * Keeps the rules of aggregated ClusterRoles equal to those of the roles that their selectors choose: this is how
 * `admin`, `edit` and `view` learn about kinds that came later.
 */
import { isConflict, isNotFound } from "../../api/errors.ts";
import { ClusterRole } from "../../api/kinds/cluster-role/index.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { ClusterRole as ClusterRoleObject, PolicyRule } from "../../api/types.ts";
import type { World } from "../../base/world.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { compileLabelSelector } from "../../machinery/selectors.ts";
import type { Api, RequestContext } from "../api.ts";
import { mastersGroup } from "./rbac-view.ts";

const context: RequestContext = {
  user: { name: "system:clusterrole-aggregation-controller", groups: [mastersGroup] },
  fieldManager: "clusterrole-aggregation-controller",
};

/** The rules that an aggregated role should have: of the chosen roles in order of name, each rule once. */
function aggregatedRules(role: ClusterRoleObject, roles: Iterable<ClusterRoleObject>): PolicyRule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map((selector) => compileLabelSelector(selector));
  const chosen = [...roles]
    .filter((other) => other.metadata.name !== role.metadata.name && selectors.some((selector) => selector.matches(other.metadata.labels)))
    .sort((a, b) => ((a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1));
  const rules = new Map<string, PolicyRule>();
  for (const other of chosen) for (const rule of other.rules ?? []) rules.set(JSON.stringify(rule), rule);
  return [...rules.values()];
}

/** Returns what to call when a ClusterRole changed: all changes of one moment are dealt with together. */
export function aggregatedRolesKeeper(world: World, roles: ReadonlyMap<string, ClusterRoleObject>): { changed(api: Api): void } {
  let scheduled = false;
  const settle = async (api: Api): Promise<void> => {
    for (const role of [...roles.values()]) {
      if (!role.aggregationRule) continue;
      const rules = aggregatedRules(role, roles.values());
      if (deepEqual(rules, role.rules ?? [])) continue;
      await api.update(ClusterRole, { name: role.metadata.name as string }, { ...role, rules } as unknown as AnyObject, context);
    }
  };
  return {
    changed(api) {
      if (scheduled) return;
      scheduled = true;
      world.clock.setTimer(0, () => {
        scheduled = false;
        // A lost race means that another change is on its way, and with it another call.
        settle(api).catch((error: unknown) => {
          if (!isConflict(error) && !isNotFound(error)) world.log.warn("aggregated roles could not be updated", { error: String(error) });
        });
      });
    },
  };
}
