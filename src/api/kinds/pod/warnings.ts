/** Things in a Pod spec that are allowed and probably a mistake. */
import type { Container, PodSpec } from "../../types.ts";

/** Warnings about a Pod spec at `path`. */
export function podSpecWarnings(path: string, spec: PodSpec | undefined): string[] {
  const warnings: string[] = [];
  for (const list of ["initContainers", "containers"] as const) {
    for (const [i, container] of (spec?.[list] ?? []).entries()) containerWarnings(warnings, `${path}.${list}[${i}]`, container);
  }
  return warnings;
}

function containerWarnings(warnings: string[], path: string, container: Container): void {
  const names = new Set<string>();
  for (const [i, { name }] of (container.env ?? []).entries()) {
    if (names.has(name)) warnings.push(`${path}.env[${i}]: hides previous definition of "${name}", which may be dropped when using apply`);
    names.add(name);
  }
  const ports = new Map<string, number>();
  for (const [i, port] of (container.ports ?? []).entries()) {
    const key = `${port.containerPort}/${port.protocol}/${port.hostIP ?? ""}/${port.hostPort ?? 0}`;
    const first = ports.get(key);
    if (first === undefined) ports.set(key, i);
    else warnings.push(`${path}.ports[${i}]: duplicate port definition with ${path}.ports[${first}]`);
  }
}
