/** Kinds that keep no count of their spec's changes. */

/** For `bumpsGeneration` of a kind whose objects carry no metadata.generation. */
export const neverBumps = (): boolean => false;
