/** The name under which pause, resume and restart own what they change: kubectl's, so that both can be used on one object. */
export const rolloutManager = "kubectl-rollout";
