/** `create rolebinding` and `create clusterrolebinding`. */
import { CommandError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import type { Generator } from "./generator.ts";

const group = "rbac.authorization.k8s.io";
const subjectFlags: readonly Flag[] = [
  { name: "user", type: "array", about: "a user who gets the rights; may be given several times" },
  { name: "group", type: "array", about: "a group that gets them; may be given several times" },
  { name: "serviceaccount", type: "array", about: "a ServiceAccount that gets them, as NAMESPACE:NAME; may be given several times" },
];

export const roleBinding: Generator = {
  kind: { group, version: "v1", kind: "RoleBinding", plural: "rolebindings", scope: "Namespaced" },
  usage: "NAME (--role=NAME | --clusterrole=NAME) [--user=NAME] [--group=NAME] [--serviceaccount=NAMESPACE:NAME] [flags]",
  about: "Gives the rights of a Role or ClusterRole to somebody, in one namespace.",
  examples: "windlass create rolebinding readers --clusterrole=view --user=jo --group=testers",
  flags: [
    { name: "role", type: "string", about: "the Role" },
    { name: "clusterrole", type: "string", about: "the ClusterRole" },
    ...subjectFlags,
  ],
  generate({ name, flags }) {
    const [role, clusterRole] = [flags.string("role"), flags.string("clusterrole")];
    if ((role === "") === (clusterRole === "")) throw new CommandError("exactly one of clusterrole or role must be specified");
    return binding(name, role === "" ? { kind: "ClusterRole", name: clusterRole } : { kind: "Role", name: role }, flags);
  },
};

export const clusterRoleBinding: Generator = {
  kind: { group, version: "v1", kind: "ClusterRoleBinding", plural: "clusterrolebindings", scope: "Cluster" },
  usage: "NAME --clusterrole=NAME [--user=NAME] [--group=NAME] [--serviceaccount=NAMESPACE:NAME] [flags]",
  about: "Gives the rights of a ClusterRole to somebody, everywhere.",
  examples: "windlass create clusterrolebinding jo-may-all --clusterrole=cluster-admin --user=jo",
  flags: [{ name: "clusterrole", type: "string", about: "the ClusterRole" }, ...subjectFlags],
  required: ["clusterrole"],
  generate({ name, flags }) {
    const clusterRole = flags.string("clusterrole");
    if (clusterRole === "") throw new CommandError("exactly one clusterrole must be specified");
    return binding(name, { kind: "ClusterRole", name: clusterRole }, flags);
  },
};

const binding = (name: string, role: object, flags: Flags): Record<string, any> => {
  const subjects = [
    ...flags.list("user").map((user) => ({ kind: "User", apiGroup: group, name: user })),
    ...flags.list("group").map((each) => ({ kind: "Group", apiGroup: group, name: each })),
    ...flags.list("serviceaccount").map(serviceAccount),
  ];
  return { metadata: { name }, ...(subjects.length > 0 && { subjects }), roleRef: { apiGroup: group, ...role } };
};

function serviceAccount(text: string): object {
  const [namespace = "", name = "", ...more] = text.split(":");
  if (namespace === "" || name === "" || more.length > 0) throw new CommandError("serviceaccount must be <namespace>:<name>");
  return { kind: "ServiceAccount", name, namespace };
}
