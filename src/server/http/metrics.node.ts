/** The text of /metrics: a few figures that tell how the server fares, in the Prometheus format. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { FrontMetrics } from "./front.ts";

export interface MetricsSources {
  readonly front: FrontMetrics;
  connections(): number;
  streams(): number;
  storeVersion(): number;
}

/** Starts to measure; `text` is the page, `close` stops. */
export function serverMetrics(sources: () => MetricsSources): { text(): string; close(): void } {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  return {
    close: () => void delay.disable(),
    text() {
      const { front, connections, streams, storeVersion } = sources();
      const { rss, heapUsed } = process.memoryUsage();
      const lines: string[] = [];
      const metric = (
        name: string,
        type: "counter" | "gauge",
        help: string,
        values: Iterable<readonly [labels: string, value: number]>,
      ): void => {
        lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
        for (const [labels, value] of values) lines.push(`${name}${labels} ${value}`);
      };
      const requests = [...front.requests].map(([key, count]) => {
        const [verb, code] = key.split(" ");
        return [`{verb="${verb}",result="${code}"}`, count] as const;
      });
      metric("windlass_requests_total", "counter", "Requests answered, by verb and result.", requests);
      metric("windlass_requests_in_flight", "gauge", "Requests being served, without watches and streams.", [["", front.inFlight]]);
      metric("windlass_watches", "gauge", "Watches under way.", [["", front.watches]]);
      metric("windlass_streams", "gauge", "Exec, attach and port-forward connections.", [["", streams()]]);
      metric("windlass_connections", "gauge", "Open connections.", [["", connections()]]);
      metric("windlass_store_version", "gauge", "The newest durable version of the store.", [["", storeVersion()]]);
      metric("windlass_event_loop_delay_seconds", "gauge", "Delay of the event loop since the last reading.", [
        ['{quantile="0.5"}', delay.percentile(50) / 1e9],
        ['{quantile="0.99"}', delay.percentile(99) / 1e9],
        ['{quantile="1"}', delay.max / 1e9],
      ]);
      metric("process_resident_memory_bytes", "gauge", "Resident memory.", [["", rss]]);
      metric("nodejs_heap_used_bytes", "gauge", "Heap in use.", [["", heapUsed]]);
      delay.reset();
      return `${lines.join("\n")}\n`;
    },
  };
}
