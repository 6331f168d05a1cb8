/** What is issued, and what it may be issued for. */

/** A certificate with its key, both PEM. */
export interface Credential {
  readonly certificate: string;
  readonly key: string;
}

/** Whether a name of the server is an IP address. */
export const isAddress = (name: string): boolean => name.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(name);
