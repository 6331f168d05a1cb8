/** Names in the kernel. Everything an engine makes carries its instance's name, so that it can be found after a crash. */

/** Links have at most 15 characters: four for the instance, a hyphen, ten for the sandbox. */
const instancePattern = /^[a-z][a-z0-9]{0,3}$/;

/** Throws an Error where an instance's name leaves no room for the names made from it. */
export function checkInstanceName(instance: string): void {
  if (!instancePattern.test(instance)) throw new Error(`an instance's name is one to four small letters and digits, not ${instance}`);
}

/** The bridge of a node, and the firewall table of its own. */
export const bridgeName = (instance: string, nodeIndex: number): string => `${instance}b${nodeIndex}`;

/** Matches the bridges of all nodes, in nft's notation. */
export const anyBridge = (instance: string): string => `${instance}b*`;

/** The prefix of network namespaces and of the host's ends of Pods' links. */
export const podPrefix = (instance: string): string => `${instance}-`;

/** Whether a link or firewall table belongs to the instance. */
export const belongsTo = (instance: string, name: string): boolean =>
  name === instance ||
  name.startsWith(podPrefix(instance)) ||
  (name.startsWith(`${instance}b`) && /^\d+$/.test(name.slice(instance.length + 1)));

/** A hardware address that follows from an address, so that a new holder of it needs no new discovery. */
export const hardwareAddress = (ip: string): string =>
  `0a:58:${ip
    .split(".")
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join(":")}`;
