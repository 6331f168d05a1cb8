/** The entry file of the load balancer's process; its argument is the path of the socket on which it takes orders. */
import { runLoadBalancer } from "./process.node.ts";

const [socketPath] = process.argv.slice(2);
if (socketPath === undefined) {
  console.error("usage: load-balancer <socket>");
  process.exit(2);
}
runLoadBalancer(socketPath);
