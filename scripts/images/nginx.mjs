// The distribution's nginx in the layout of the official image: content in /usr/share/nginx/html, sites in
// /etc/nginx/conf.d, logs on stdout and stderr, SIGQUIT to stop.
import { readFileSync } from "node:fs";
import { layer } from "./archive.mjs";
import { baseLayer, path } from "./base.mjs";
import { fromDebian } from "./debian.mjs";
import { addCopy, file, folder, link } from "./tree.mjs";

export const packages = ["nginx", "nginx-common", "gettext-base"];

const nginxOwns = { uid: 101, gid: 101 };

const configuration = `user nginx;
worker_processes 1;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /var/log/nginx/access.log;
  sendfile on;
  keepalive_timeout 65;
  include /etc/nginx/conf.d/*.conf;
}
`;

const site = `server {
  listen 80;
  server_name localhost;
  location / {
    root /usr/share/nginx/html;
    index index.html index.htm;
  }
}
`;

const script = (name) => file(readFileSync(new URL(`nginx/${name}`, import.meta.url)), 0o755);

function nginxTree(debian) {
  const tree = new Map();
  addCopy(tree, "usr/sbin/nginx", debian.in("nginx", "usr/sbin/nginx"));
  addCopy(tree, "usr/bin/envsubst", debian.in("gettext-base", "usr/bin/envsubst"));
  for (const name of ["mime.types", "fastcgi_params", "scgi_params", "uwsgi_params", "fastcgi.conf"]) {
    addCopy(tree, `etc/nginx/${name}`, debian.in("nginx-common", `etc/nginx/${name}`));
  }
  tree.set("etc/nginx/nginx.conf", file(configuration));
  tree.set("etc/nginx/conf.d/default.conf", file(site));
  tree.set("etc/nginx/modules", link("/usr/lib/nginx/modules"));
  tree.set("usr/lib/nginx/modules", folder());
  tree.set("usr/share/nginx/html/index.html", file("<!DOCTYPE html>\n<title>nginx</title>\n<h1>It serves.</h1>\n"));
  tree.set(
    "usr/share/nginx/html/50x.html",
    file("<!DOCTYPE html>\n<title>Error</title>\n<h1>The server behind this one does not answer.</h1>\n"),
  );
  tree.set("var/cache/nginx", folder(0o755, nginxOwns));
  // Debian's nginx keeps its temporary files there; a volume at /var/cache/nginx shall be enough to run on a read-only root.
  tree.set("var/lib/nginx", link("/var/cache/nginx"));
  tree.set("var/lock", link("/run"));
  tree.set("var/log/nginx/access.log", link("/dev/stdout"));
  tree.set("var/log/nginx/error.log", link("/dev/stderr"));
  debian.addLibraries(tree);
  return tree;
}

function entrypointTree() {
  return new Map([
    ["docker-entrypoint.sh", script("docker-entrypoint.sh")],
    ["docker-entrypoint.d/20-envsubst-on-templates.sh", script("20-envsubst-on-templates.sh")],
  ]);
}

/** What containers of nginx start with. */
export const nginxConfig = (version) => ({
  Env: [path, ...(version ? [`NGINX_VERSION=${version}`] : [])],
  Cmd: ["nginx", "-g", "daemon off;"],
  StopSignal: "SIGQUIT",
  ExposedPorts: { "80/tcp": {} },
});

/** nginx and its libraries as a layer above the base, made once, with the packages it was made of. */
let made;
export const nginxLayer = () => {
  made ??= makeLayer();
  return made;
};

async function makeLayer() {
  const debian = fromDebian(packages);
  const program = readFileSync(debian.in("nginx", "usr/sbin/nginx")).toString("latin1");
  const version = /nginx\/(\d+\.\d+\.\d+)/.exec(program)?.[1] ?? "unknown";
  return { bytes: await layer(nginxTree(debian)), version, packages: debian.packages };
}

export const recipe = {
  from: packages,
  archive: "nginx.tar",
  sources: ["nginx.mjs", "nginx/docker-entrypoint.sh", "nginx/20-envsubst-on-templates.sh"],
  async make() {
    const base = await baseLayer();
    const nginx = await nginxLayer();
    const config = nginxConfig(nginx.version);
    const tagged = (version) => layer(new Map([["etc/image-version", file(`nginx:${version} (nginx ${nginx.version})\n`)]]));
    const entrypoint = await layer(entrypointTree());
    return {
      packages: nginx.packages,
      images: [
        { tag: "nginx:1.17-alpine", layers: [base, nginx.bytes, await tagged("1.17-alpine")], config },
        {
          tag: "nginx:1.18-alpine",
          layers: [base, nginx.bytes, entrypoint, await tagged("1.18-alpine")],
          config: { ...config, Entrypoint: ["/docker-entrypoint.sh"] },
        },
      ],
    };
  },
};
