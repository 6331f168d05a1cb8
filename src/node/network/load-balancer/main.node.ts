/** The entry file of the load balancer's process; its argument is the path of the socket on which it takes orders. */
import { runLoadBalancer } from "./process.node.ts";

/** A Deployment of the strategy Recreate mostly has its next Pod ready within the first of these times. */
const patience = { emptyMs: 5000, waitMs: 1000 };

const [socketPath, ...options] = process.argv.slice(2).reverse();
const given = options.map((option) => /^--(empty|wait)-ms=(\d+)$/.exec(option));
if (socketPath === undefined || given.includes(null)) {
  console.error("usage: load-balancer [--empty-ms=MS] [--wait-ms=MS] <socket>");
  process.exit(2);
}
for (const option of given) if (option) patience[`${option[1] as "empty" | "wait"}Ms`] = Number(option[2]);
runLoadBalancer({ socketPath, patience });
