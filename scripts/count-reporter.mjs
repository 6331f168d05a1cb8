// A reporter of node:test that writes how many tests passed and failed, for the sum over several runs.
export default async function* countReporter(source) {
  const counts = { passed: 0, failed: 0 };
  for await (const event of source) {
    // A suite only repeats what its tests said, and so does the file that holds them.
    if (event.data?.details?.type === "suite") continue;
    if (event.type === "test:pass") counts.passed++;
    if (event.type === "test:fail") counts.failed++;
  }
  yield JSON.stringify(counts);
}
