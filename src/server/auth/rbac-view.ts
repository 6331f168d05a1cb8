/**
 * The roles and bindings as they are now, followed by watching the API, and the decisions that they lead to. A change
 * counts from the moment it is acknowledged: watches are delivered before writes are answered.
 */
import type { KindDefinition } from "../../api/kind.ts";
import { ClusterRole } from "../../api/kinds/cluster-role/index.ts";
import { ClusterRoleBinding } from "../../api/kinds/cluster-role-binding/index.ts";
import { Role } from "../../api/kinds/role/index.ts";
import { RoleBinding } from "../../api/kinds/role-binding/index.ts";
import { keyOf, keyText } from "../../api/meta/object.ts";
import type {
  ClusterRoleBinding as ClusterRoleBindingObject,
  ClusterRole as ClusterRoleObject,
  PolicyRule,
  RoleBinding as RoleBindingObject,
  Role as RoleObject,
  RoleRef,
  Subject,
} from "../../api/types.ts";
import type { Api, User } from "../api.ts";
import type { AccessAttributes } from "./access.ts";
import { ruleAllows } from "./rbac.ts";

/** Members of this group may do everything, whatever the roles say. */
export const mastersGroup = "system:masters";

type Binding = ClusterRoleBindingObject | RoleBindingObject;

/** Bindings by subject, so a decision looks only at those that name the user. */
class BindingIndex {
  readonly #bySubject = new Map<string, Map<string, Binding>>();
  readonly #subjects = new Map<string, readonly string[]>();

  put(key: string, binding: Binding): void {
    this.delete(key);
    const subjects = (binding.subjects ?? []).map((subject) => subjectKey(subject, binding.metadata.namespace));
    this.#subjects.set(key, subjects);
    for (const subject of subjects) {
      const bindings = this.#bySubject.get(subject) ?? new Map<string, Binding>();
      this.#bySubject.set(subject, bindings.set(key, binding));
    }
  }

  delete(key: string): void {
    for (const subject of this.#subjects.get(key) ?? []) {
      const bindings = this.#bySubject.get(subject);
      bindings?.delete(key);
      if (bindings?.size === 0) this.#bySubject.delete(subject);
    }
    this.#subjects.delete(key);
  }

  get isEmpty(): boolean {
    return this.#subjects.size === 0;
  }

  *of(user: User): Generator<Binding> {
    yield* this.#bySubject.get(`user ${user.name}`)?.values() ?? [];
    for (const group of user.groups) yield* this.#bySubject.get(`group ${group}`)?.values() ?? [];
  }
}

function subjectKey(subject: Subject, namespace: string | undefined): string {
  if (subject.kind === "Group") return `group ${subject.name}`;
  if (subject.kind === "ServiceAccount") return `user system:serviceaccount:${subject.namespace ?? namespace ?? ""}:${subject.name}`;
  return `user ${subject.name}`;
}

export interface RbacView {
  /** Whether the user may. */
  authorize(user: User, attributes: AccessAttributes): boolean;
  /** Every rule that holds for the user in a namespace; without one, cluster-wide. */
  rulesFor(user: User, namespace: string | undefined): PolicyRule[];
  /** The rules behind a reference; undefined where the role is not there. */
  rulesOf(ref: RoleRef, namespace: string | undefined): readonly PolicyRule[] | undefined;
  readonly clusterRoles: ReadonlyMap<string, ClusterRoleObject>;
  /** Starts to follow the API. `onClusterRole` hears of every change of a ClusterRole. */
  follow(api: Api, onClusterRole?: () => void): void;
  close(): void;
}

/** A view that allows only system:masters until `follow` was called. */
export function createRbacView(): RbacView {
  const clusterRoles = new Map<string, ClusterRoleObject>();
  const roles = new Map<string, RoleObject>();
  const clusterBindings = new BindingIndex();
  /** By namespace. */
  const bindings = new Map<string, BindingIndex>();
  const stops: Array<() => void> = [];
  let closed = false;

  const rulesOf = (ref: RoleRef, namespace: string | undefined): readonly PolicyRule[] | undefined => {
    const role = ref.kind === "ClusterRole" ? clusterRoles.get(ref.name) : roles.get(`${namespace}/${ref.name}`);
    return role && (role.rules ?? []);
  };
  function* granted(user: User, namespace: string | undefined): Generator<readonly PolicyRule[]> {
    for (const binding of clusterBindings.of(user)) yield rulesOf(binding.roleRef, undefined) ?? [];
    if (namespace === undefined || namespace === "") return;
    for (const binding of bindings.get(namespace)?.of(user) ?? []) yield rulesOf(binding.roleRef, namespace) ?? [];
  }

  function watchKind<T>(api: Api, kind: KindDefinition<any>, put: (key: string, object: T) => void, remove: (key: string) => void): void {
    let end: (() => void) | undefined;
    const seen = new Set<string>();
    const start = (): void => {
      end = api.watch(
        kind as KindDefinition,
        { resourceVersion: "0" },
        {
          event({ type, stored }) {
            if (type === "BOOKMARK") return;
            const key = keyText(keyOf(stored.object));
            if (type === "DELETED") {
              seen.delete(key);
              remove(key);
            } else {
              seen.add(key);
              put(key, stored.object as unknown as T);
            }
          },
          end() {
            // Forget everything rather than allow by what may be gone; the new watch tells it all again.
            for (const key of seen) remove(key);
            seen.clear();
            queueMicrotask(restart);
          },
        },
      );
    };
    const restart = (): void => {
      if (closed) return;
      try {
        start();
      } catch {
        // The store is closed: nobody is allowed anything any more but the masters, and nobody is served either.
      }
    };
    start();
    stops.push(() => end?.());
  }

  return {
    clusterRoles,
    rulesOf,
    authorize(user, attributes) {
      if (user.groups.includes(mastersGroup)) return true;
      const namespace = attributes.type === "resource" ? attributes.namespace : undefined;
      for (const rules of granted(user, namespace)) {
        for (const rule of rules) if (ruleAllows(rule, attributes)) return true;
      }
      return false;
    },
    rulesFor(user, namespace) {
      if (user.groups.includes(mastersGroup)) return everything;
      return [...granted(user, namespace)].flat();
    },
    follow(api, onClusterRole) {
      watchKind<ClusterRoleObject>(
        api,
        ClusterRole,
        (key, role) => {
          clusterRoles.set(key, role);
          onClusterRole?.();
        },
        (key) => {
          clusterRoles.delete(key);
          onClusterRole?.();
        },
      );
      watchKind<RoleObject>(
        api,
        Role,
        (key, role) => roles.set(key, role),
        (key) => roles.delete(key),
      );
      watchKind<ClusterRoleBindingObject>(
        api,
        ClusterRoleBinding,
        (key, binding) => clusterBindings.put(key, binding),
        (key) => clusterBindings.delete(key),
      );
      watchKind<RoleBindingObject>(
        api,
        RoleBinding,
        (key, binding) => {
          const namespace = binding.metadata.namespace as string;
          const index = bindings.get(namespace) ?? new BindingIndex();
          bindings.set(namespace, index);
          index.put(key, binding);
        },
        (key) => {
          const namespace = key.slice(0, key.indexOf("/"));
          const index = bindings.get(namespace);
          index?.delete(key);
          if (index?.isEmpty) bindings.delete(namespace);
        },
      );
    },
    close() {
      closed = true;
      for (const stop of stops) stop();
    },
  };
}

const everything: PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];
