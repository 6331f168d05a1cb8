/** The annotations and labels of configuration revisions. docs/reference/configuration-revisions.md explains them to users. */

/** On a workload: "true", or the names of the ConfigMaps and Secrets to follow; on a ConfigMap or Secret "false" leaves it out. */
export const followAnnotation = "windlass.dev/config-revisions";

/**
 * Label of a workload: which content it was last given. A label and not an annotation, because `kubectl rollout undo` brings back
 * the annotations that a Deployment had at a revision, and with them it would forget that newer content has been seen.
 */
export const contentLabel = "windlass.dev/config-content";

/** Label of every copy, so that they can be listed. */
export const copyLabel = "windlass.dev/config-copy";

/** On a copy: the name of the object that it is a copy of. */
export const sourceAnnotation = "windlass.dev/config-source";
