/**
 * A claim is never taken away but where the retention policy says so (STS-4, STS-5); every Pod has the claims of its templates, and
 * none was made anew under a Pod that already had one.
 */
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { StatefulSet } from "../../api/kinds/stateful-set/index.ts";
import type { PersistentVolumeClaim as ClaimObject, StatefulSet as StatefulSetObject } from "../../api/types.ts";
import type { ObjectRecord } from "../history.ts";
import type { Checker, Scene } from "./checker.ts";
import { controllerUid } from "./pod-states.ts";

export function claimsKept({ history }: Scene): Checker {
  /** All sets that ever had this claim's name among theirs, with the ordinal. */
  function setsOf(claim: ClaimObject): { readonly record: ObjectRecord<StatefulSetObject>; readonly ordinal: number }[] {
    const name = claim.metadata.name ?? "";
    const ordinal = Number(/-(\d+)$/.exec(name)?.[1] ?? -1);
    return history
      .records(StatefulSet)
      .filter(({ versions }) =>
        versions.some(({ object }) =>
          object?.spec?.volumeClaimTemplates?.some((each) => `${each.metadata.name}-${object.metadata.name}-${ordinal}` === name),
        ),
      )
      .map((record) => ({ record, ordinal }));
  }
  const isGone = ({ versions }: ObjectRecord<StatefulSetObject>): boolean =>
    versions.at(-1)?.object === undefined || versions.at(-1)?.object?.metadata.deletionTimestamp !== undefined;

  /** Whether some manifest since the claim was made allowed for it. */
  function mayGo(claim: ClaimObject): boolean {
    return setsOf(claim).some(({ record, ordinal }) =>
      record.versions.some(({ object }) => {
        const { whenScaled, whenDeleted } = object?.spec?.persistentVolumeClaimRetentionPolicy ?? {};
        if (!object) return false;
        const start = object.spec?.ordinals?.start ?? 0;
        const isDismissed = ordinal < start || ordinal >= start + (object.spec?.replicas ?? 1);
        return (whenDeleted === "Delete" && isGone(record)) || (whenScaled === "Delete" && isDismissed);
      }),
    );
  }

  return {
    name: "claims are kept",
    commit({ kind, byController, before, after }) {
      if (kind !== "PersistentVolumeClaim" || !byController || !before || before.metadata.deletionTimestamp !== undefined) return undefined;
      if (after && after.metadata.deletionTimestamp === undefined) return undefined;
      return mayGo(before as ClaimObject) ? undefined : `claim ${before.metadata.name} is deleted although it is to be retained`;
    },
    unsettled() {
      for (const set of history.list(StatefulSet)) {
        for (const pod of history.list(Pod).filter((each) => controllerUid(each) === set.metadata.uid)) {
          const ordinal = pod.metadata.name?.split("-").at(-1);
          for (const { metadata } of set.spec?.volumeClaimTemplates ?? []) {
            const name = `${metadata.name}-${set.metadata.name}-${ordinal}`;
            if (!history.get(PersistentVolumeClaim, { namespace: set.metadata.namespace as string, name }))
              return `${pod.metadata.name} is without its claim ${name}`;
            if (!pod.spec?.volumes?.some(({ persistentVolumeClaim: use }) => use?.claimName === name))
              return `${pod.metadata.name} does not use its claim ${name}`;
          }
        }
      }
      return undefined;
    },
  };
}
