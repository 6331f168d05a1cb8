/**
 * A whole engine in this process: store, control plane, API server on its port, and whatever nodes are added. The same
 * for `windlass up` and for tests; only the store, the clock and the nodes differ.
 */
import { StorageClass } from "../api/kinds/storage-class/index.ts";
import { systemClock } from "../base/system-world.node.ts";
import type { World } from "../base/world.ts";
import { standardStorageClass } from "../controllers/local-volumes/index.ts";
import type { VolumeDirectories } from "../controllers/local-volumes/volume-directories.ts";
import type { NodeAgent } from "../node/agent/agent.ts";
import { createAuth } from "../server/auth/auth.ts";
import { secretsEqual, tokenSigner } from "../server/auth/jwt.node.ts";
import { adminGroup, adminName, kubeconfigText, loadPki, type Pki } from "../server/auth/pki.node.ts";
import { type ApiServer, startApiServer } from "../server/http/api-server.node.ts";
import type { Store } from "../store/store.ts";
import { type ControlPlane, type ControlPlaneOptions, createControlPlane, createOnce } from "./control-plane.ts";

export interface EngineOptions {
  readonly world: World;
  /** Stays open when the engine stops. */
  readonly store: Store;
  /** Where certificates and keys are, or will be. */
  readonly pkiDirectory: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: the system chooses. */
  readonly port?: number;
  /** Also serve the administrator, without TLS, on this Unix socket. Passed over where the system can't have a socket of that name. */
  readonly socketPath?: string;
  readonly serviceCidr?: string;
  /** An address at which Pods reach this machine; where there is none, Pods can't reach the API server. */
  readonly podFacingIp?: string;
  /** Where provisioned volumes are stored. Absent: they are objects only. */
  readonly volumes?: VolumeDirectories;
  /** As in `ControlPlaneOptions`. */
  readonly releases?: boolean;
  /** Default: all of them. */
  readonly controllers?: ControlPlaneOptions["controllers"];
}

export interface Engine {
  readonly plane: ControlPlane;
  readonly server: ApiServer;
  readonly pki: Pki;
  /** The text of a kubeconfig whose user is the cluster's administrator. */
  readonly kubeconfig: string;
  /** Agents by the name of their node. Whoever starts one puts it here, so that logs and streams find it. */
  readonly agents: Map<string, NodeAgent>;
  /** Ends agents (their containers run on), server and controllers, in that order. */
  stop(): Promise<void>;
}

/** How long the name of a Unix socket can be (unix(7): 108 bytes with the end). */
const socketPathMax = 107;

/** What the server says it is: the Kubernetes release whose behaviour it has. */
const kubernetesVersion = {
  major: "1",
  minor: "35",
  gitVersion: "v1.35.2+windlass",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "2026-01-01T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: `linux/${process.arch === "x64" ? "amd64" : process.arch}`,
} as const;

/** Starts an engine without nodes. Resolves when the API answers and every controller's cache is complete. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const socketPath =
    options.socketPath !== undefined && Buffer.byteLength(options.socketPath) <= socketPathMax ? options.socketPath : undefined;
  const { world, store } = options;
  const serviceIp = options.serviceCidr && firstAddress(options.serviceCidr);
  const names = [serviceIp, options.podFacingIp, options.host].filter((name) => name !== undefined);
  // Certificates are checked by clients, who live in the real time whatever the engine's clock says.
  const pki = await loadPki(options.pkiDirectory, { now: systemClock.now(), serverNames: names });
  const signer = tokenSigner(pki.tokenKey);
  const auth = createAuth({ world, signer, secretsEqual });
  const agents = new Map<string, NodeAgent>();
  let isSynced = false;
  let port = options.port ?? 0;
  const plane = createControlPlane({
    store,
    world,
    facts: {
      caBundle: pki.ca,
      apiServer: () => ({ ip: options.podFacingIp ?? "127.0.0.1", port, ...(serviceIp !== undefined && { serviceIp }) }),
      ...(options.volumes && { volumes: options.volumes }),
    },
    api: {
      admission: auth.admission,
      virtual: auth.virtual,
      issueToken: auth.issueToken,
      // Only where the controllers run that end the protection.
      protectVolumes: options.controllers === undefined,
      ...(options.serviceCidr !== undefined && { services: { addresses: options.serviceCidr } }),
    },
    ...(options.controllers && { controllers: options.controllers }),
    ...(options.releases !== undefined && { releases: options.releases }),
  });
  let server: ApiServer | undefined;
  const stop = async (): Promise<void> => {
    for (const agent of agents.values()) await agent.stop({ keepContainers: true });
    await server?.close();
    await plane.stop();
    auth.close();
  };
  try {
    await auth.start(plane.api);
    server = await startApiServer({
      api: plane.api,
      kinds: plane.kinds,
      world,
      auth,
      publicJwk: signer.publicJwk,
      pki,
      nodes: (name) => agents.get(name)?.api,
      ...(options.host !== undefined && { host: options.host }),
      ...(options.port !== undefined && { port: options.port }),
      version: kubernetesVersion,
      checks: { controllers: () => (isSynced ? undefined : "caches are not complete") },
      storeVersion: () => store.version,
    });
    // The port may have been the system's choice; controllers, which tell Pods about it, start after it is known.
    port = server.port;
    if (socketPath !== undefined) await server.listenOnSocket(socketPath, { commonName: adminName, organizations: [adminGroup] });
    await plane.start();
    // Before anybody can ask for storage; who deletes it has it again after the next start.
    await createOnce(plane.client, StorageClass, standardStorageClass);
    isSynced = true;
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    plane,
    server,
    pki,
    agents,
    kubeconfig: kubeconfigText({
      server: `https://127.0.0.1:${server.port}`,
      ca: pki.ca,
      context: "windlass",
      user: pki.admin,
      ...(socketPath !== undefined && { socket: socketPath }),
    }),
    stop,
  };
}

/** The first address of a range: what Service `kubernetes` gets. */
function firstAddress(cidr: string): string {
  const [address = ""] = cidr.split("/");
  const parts = address.split(".").map(Number);
  return [...parts.slice(0, 3), (parts[3] ?? 0) + 1].join(".");
}
