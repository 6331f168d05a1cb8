/** Tells apart what a detached engine wrote while it started: words to its user, and the lines of its log. */

const logLine = /^\d{4}-\d\d-\d\dT[\d:.]+Z (?:debug|info|warn|error) /;

/** The words go to standard output, what components report goes to standard error, as if the engine were not detached. */
export function detachedOutput(text: string): { readonly said: string; readonly reported: string } {
  const lines = text.split(/(?<=\n)/);
  return {
    said: lines.filter((line) => !logLine.test(line)).join(""),
    reported: lines.filter((line) => logLine.test(line)).join(""),
  };
}
