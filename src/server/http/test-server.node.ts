/** A whole server on a free port over a memory store, for tests: real TLS, real clock, agents as the test has them. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KindDefinition } from "../../api/kind.ts";
import { Namespace } from "../../api/kinds/namespace/index.ts";
import type { NodeDirectory } from "../../api/node-api.ts";
import { kinds } from "../../api/registry.ts";
import type { Log } from "../../base/log.ts";
import { systemClock, systemRandom } from "../../base/system-world.node.ts";
import { openMemoryStore } from "../../store/memory-store.ts";
import type { Api, User } from "../api.ts";
import { createAuth } from "../auth/auth.ts";
import { secretsEqual, tokenSigner } from "../auth/jwt.node.ts";
import { kubeconfigText, loadPki, type Pki } from "../auth/pki.node.ts";
import { createApi } from "../core/api.ts";
import { type ApiServer, startApiServer } from "./api-server.node.ts";

export interface TestServer {
  readonly api: Api;
  readonly server: ApiServer;
  readonly pki: Pki;
  /** A kubeconfig of the administrator. */
  readonly kubeconfig: string;
  /** A temporary folder that goes with the server. */
  readonly directory: string;
  /** What was logged as an error: a test that expects none looks here. */
  readonly errors: string[];
  close(): Promise<void>;
}

/** A user that `staticTokens` of the test server know. */
export interface TestUser {
  readonly token: string;
  readonly user: User;
}

const admin: User = { name: "test-admin", groups: ["system:masters"] };

/** Starts it with the namespaces `default` and `kube-system`. */
export async function startTestServer(
  options: { readonly nodes?: NodeDirectory; readonly users?: readonly TestUser[] } = {},
): Promise<TestServer> {
  const errors: string[] = [];
  const log: Log = {
    debug() {},
    info() {},
    warn() {},
    error: (message, fields) => errors.push(`${message} ${JSON.stringify(fields ?? {})}`),
  };
  const world = { clock: systemClock, random: systemRandom, log };
  const directory = await mkdtemp(join(tmpdir(), "windlass-server-"));
  const pki = await loadPki(join(directory, "pki"), { now: systemClock.now() });
  const signer = tokenSigner(pki.tokenKey);
  const auth = createAuth({ world, signer, secretsEqual, ...(options.users && { staticTokens: options.users }) });
  const store = openMemoryStore();
  const api = createApi({ store, kinds, world, admission: auth.admission, virtual: auth.virtual, issueToken: auth.issueToken });
  await auth.start(api);
  for (const name of ["default", "kube-system"]) {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    await api.create(Namespace as unknown as KindDefinition, undefined, namespace, { user: admin, fieldManager: "test" });
  }
  const server = await startApiServer({
    api,
    kinds,
    world,
    auth,
    publicJwk: signer.publicJwk,
    pki,
    nodes: options.nodes ?? (() => undefined),
    version: {
      major: "1",
      minor: "35",
      gitVersion: "v1.35.0",
      gitCommit: "",
      gitTreeState: "clean",
      buildDate: "2026-01-01T00:00:00Z",
      goVersion: "",
      compiler: "",
      platform: "linux/amd64",
    },
    storeVersion: () => store.version,
  });
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigText({ server: server.address, ca: pki.ca, user: pki.admin }), { mode: 0o600 });
  return {
    api,
    server,
    pki,
    kubeconfig,
    directory,
    errors,
    async close() {
      await server.close();
      auth.close();
      api.close();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
