/** Lets every pending microtask run: what a virtual clock awaits between two timers. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
