import { configurationRevisions } from "./configuration-revisions.suite.ts";

configurationRevisions("by the engine's own admission");
