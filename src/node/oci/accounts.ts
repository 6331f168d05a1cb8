/** Who a container's process is: names of the image's own account files turned into numbers. */

export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
}

export interface AccountFiles {
  /** The image's /etc/passwd and /etc/group; "" where it has none. */
  readonly passwd: string;
  readonly group: string;
}

export interface WantedUser {
  /** `user[:group]` of the image, names or numbers. */
  readonly imageUser: string;
  readonly runAsUser: number | undefined;
  readonly runAsGroup: number | undefined;
  readonly supplementalGroups: readonly number[];
}

/** Resolves a user. Throws an Error with the words that users know when a name is in no file. */
export function resolveUser(wanted: WantedUser, files: AccountFiles): ProcessUser {
  const [userText = "", groupText = ""] = wanted.runAsUser === undefined ? wanted.imageUser.split(":", 2) : [String(wanted.runAsUser)];
  const account = findUser(userText || "0", files.passwd);
  if (!account) throw new Error(`unable to find user ${userText}: no matching entries in passwd file`);
  let gid = account.gid;
  if (wanted.runAsGroup !== undefined) gid = wanted.runAsGroup;
  else if (groupText !== "") {
    const group = /^\d+$/.test(groupText) ? Number(groupText) : groups(files.group).find(({ name }) => name === groupText)?.gid;
    if (group === undefined) throw new Error(`unable to find group ${groupText}: no matching entries in group file`);
    gid = group;
  }
  // An explicit group of the image leaves its other memberships out, as everywhere else.
  const memberships =
    account.name === undefined || groupText !== ""
      ? []
      : groups(files.group)
          .filter(({ members }) => members.includes(account.name as string))
          .map((group) => group.gid);
  return { uid: account.uid, gid, additionalGids: [...new Set([gid, ...memberships, ...wanted.supplementalGroups])] };
}

function findUser(text: string, passwd: string): { uid: number; gid: number; name: string | undefined } | undefined {
  const number = /^\d+$/.test(text) ? Number(text) : undefined;
  for (const line of passwd.split("\n")) {
    const [name, , uid, gid] = line.split(":");
    if (name === undefined || uid === undefined || gid === undefined) continue;
    if (name === text || Number(uid) === number) return { uid: Number(uid), gid: Number(gid), name };
  }
  return number === undefined ? (text === "root" ? { uid: 0, gid: 0, name: "root" } : undefined) : { uid: number, gid: 0, name: undefined };
}

function groups(file: string): { name: string; gid: number; members: string[] }[] {
  const found: { name: string; gid: number; members: string[] }[] = [];
  for (const line of file.split("\n")) {
    const [name, , gid, members = ""] = line.split(":");
    if (name && gid !== undefined && /^\d+$/.test(gid)) found.push({ name, gid: Number(gid), members: members.split(",").filter(Boolean) });
  }
  return found;
}
