// The example application of the rollouts: nginx with a page per version. v3 can never start, because its command is not there.
import { layer } from "./archive.mjs";
import { baseLayer } from "./base.mjs";
import { packages, nginxConfig, nginxLayer } from "./nginx.mjs";
import { file } from "./tree.mjs";

const page = (version, colour) =>
  `<!DOCTYPE html>\n<html lang="en">\n  <head><meta charset="utf-8"><title>vweb ${version}</title></head>\n` +
  `  <body style="margin: 0; display: grid; place-items: center; height: 100vh; background: ${colour}; font: 4rem system-ui, sans-serif">\n    <h1>${version}</h1>\n  </body>\n</html>\n`;

const content = (version, colour) =>
  layer(
    new Map([
      ["usr/share/nginx/html/v.txt", file(`${version}\n`)],
      ["usr/share/nginx/html/index.html", file(page(version, colour))],
    ]),
  );

export const recipe = {
  from: packages,
  archive: "ch09-vweb.tar",
  sources: ["vweb.mjs", "nginx.mjs"],
  async make() {
    const base = await baseLayer();
    const nginx = await nginxLayer();
    const config = nginxConfig();
    const image = async (version, colour, more) => ({
      tag: `kiamol/ch09-vweb:${version}`,
      layers: [base, nginx.bytes, await content(version, colour)],
      config: { ...config, ...more },
    });
    return {
      packages: nginx.packages,
      images: [
        await image("v1", "#8ecae6"),
        await image("v2", "#b7e4c7"),
        await image("v3", "#ffadad", { Cmd: ["vweb-start", "--version", "v3"] }),
      ],
    };
  },
};
