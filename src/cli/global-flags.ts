/** Flags that every command on a cluster takes, before or after its name. */
import type { Flag } from "./flags.ts";

export const globalFlags: readonly Flag[] = [
  { name: "kubeconfig", type: "string", about: "the kubeconfig file to use" },
  { name: "context", type: "string", about: "the context of the kubeconfig to use" },
  { name: "cluster", type: "string", about: "the cluster of the kubeconfig to use" },
  { name: "user", type: "string", about: "the user of the kubeconfig to use" },
  { name: "namespace", short: "n", type: "string", about: "the namespace to work in" },
  { name: "server", short: "s", type: "string", about: "address of the API server" },
  { name: "token", type: "string", about: "bearer token to show to the server" },
  { name: "as", type: "string", about: "user to act as" },
  { name: "as-group", type: "array", about: "group to act as; may be given several times" },
  { name: "as-uid", type: "string", about: "uid to act as" },
  { name: "as-user-extra", type: "array", about: "further attribute to act with, as KEY=VALUE; may be given several times" },
  { name: "username", type: "string", about: "user for basic authentication", hidden: true },
  { name: "password", type: "string", about: "password for basic authentication", hidden: true },
  { name: "client-certificate", type: "string", about: "file with the certificate to show to the server" },
  { name: "client-key", type: "string", about: "file with the key of that certificate" },
  { name: "certificate-authority", type: "string", about: "file with the authority that the server's certificate must come from" },
  { name: "insecure-skip-tls-verify", about: "trust whatever certificate the server shows: anybody can listen then" },
  { name: "tls-server-name", type: "string", about: "name that the server's certificate must bear, where it is not the host name" },
  { name: "disable-compression", about: "accepted; answers are not compressed", hidden: true },
  { name: "request-timeout", type: "string", default: "0", about: "longest time that one request may take, such as 1s or 2m; 0: no limit" },
  { name: "v", short: "v", type: "int", about: "how much to say of what is being done; 6 and more shows requests" },
  { name: "cache-dir", type: "string", about: "folder for what discovery told" },
  { name: "match-server-version", about: "accepted; versions need not match", hidden: true },
  { name: "warnings-as-errors", about: "end with code 1 where the server warned" },
];

export const helpFlag: Flag = { name: "help", short: "h", about: "show this help" };
