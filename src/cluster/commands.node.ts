/** The commands of the embedded engine, as the command line calls them. */
import type { EngineCommands } from "../cli/engine-commands.ts";
import { down } from "./down.node.ts";
import { imageList, imageLoad, imagePull, imageRemove } from "./image-commands.node.ts";
import { releaseController } from "./release-controller.node.ts";
import { status } from "./status.node.ts";
import { up } from "./up.node.ts";

export const engineCommands: EngineCommands = {
  up,
  down,
  status,
  controller: releaseController,
  imageLoad,
  imageList,
  imagePull,
  imageRemove,
};
