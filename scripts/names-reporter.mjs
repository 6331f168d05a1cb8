// A reporter of node:test that writes one line of JSON for each test: its name, its file, and whether it passed.
export default async function* namesReporter(source) {
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details?.type !== "suite") yield `${JSON.stringify({ name: data.name, file: data.file, passed: type === "test:pass" })}\n`;
  }
}
