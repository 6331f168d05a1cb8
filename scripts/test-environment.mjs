// The variables that tests read: the clients they type, the images they load. What is missing of it is fetched.
import { join } from "node:path";
import { ensurePostgres } from "./postgres.mjs";
import { cache, ensureKubectl, ensureOldKubectl, root } from "./setup.mjs";

/** This process' own variables with those of the tests, and without what would lead them to somebody's engine. */
export function testEnvironment() {
  const newest = ensureKubectl("35");
  const postgres = ensurePostgres();
  const { KUBECONFIG: _, WINDLASS_HOME: __, ...own } = process.env;
  return {
    ...own,
    WINDLASS_TEST_KUBECTL: newest.kubectl,
    WINDLASS_TEST_KUBECTL_129: ensureKubectl("29").kubectl,
    WINDLASS_TEST_KUBECTL_120: ensureOldKubectl(),
    WINDLASS_TEST_HELM: newest.helm,
    WINDLASS_TEST_POSTGRES: postgres.bin,
    WINDLASS_TEST_POSTGRES_LIBRARIES: postgres.libraries,
    WINDLASS_TEST_IMAGES: join(root, "images"),
    NODE_COMPILE_CACHE: join(cache, "compile"),
  };
}
