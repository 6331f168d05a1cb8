/** Images from archives of every form and from a registry, and what a Pod says whose image can't be had. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { core, startEngine } from "../harness/engine.ts";
import { startRegistry } from "../harness/registry.ts";
import { until } from "../harness/until.ts";
import { podReady } from "../harness/workloads.ts";

test("images", async (t) => {
  const registry = await startRegistry(t);
  const engine = await startEngine(t, { images: [] });
  const { run, attempt } = engine;
  const archive = "$WINDLASS_TEST_IMAGES/ch09-vweb.tar";
  const one = `docker-archive:${archive}:kiamol/ch09-vweb:v1`;
  const waiting = async (pod: string) => (await engine.read(`${core}/pods/${pod}`)).status.containerStatuses?.[0].state.waiting;

  await t.test("archives of docker and of OCI, plain, gzip and zstd, from a file and from standard input", async () => {
    assert.equal(
      await run(`windlass image load ${archive}`),
      ["v1", "v2", "v3"].map((version) => `Loaded image: kiamol/ch09-vweb:${version}`).join("\n"),
    );
    await run("windlass image remove kiamol/ch09-vweb:v1 kiamol/ch09-vweb:v2 kiamol/ch09-vweb:v3");
    assert.equal(await run("windlass image list"), "IMAGE   IMAGE ID   SIZE");
    await run(`skopeo copy -q --insecure-policy ${one} oci-archive:app-oci.tar:local/oci:v1`);
    await run(`skopeo copy -q --insecure-policy ${one} docker-archive:app-docker.tar:local/docker:v1`);
    await run("gzip -k app-docker.tar");
    const oci = join(engine.directory, "app-oci.tar");
    writeFileSync(`${oci}.zst`, zstdCompressSync(readFileSync(oci)));
    assert.match(
      await run("windlass image load app-docker.tar.gz app-oci.tar.zst"),
      /^Loaded image: (docker\.io\/)?local\/docker:v1\nLoaded image: (docker\.io\/)?local\/oci:v1$/,
    );
    assert.match(await run(`windlass image load - < ${archive}`), /kiamol\/ch09-vweb:v1/);
    const rows = (await run("windlass image list"))
      .split("\n")
      .slice(1)
      .map((line) => line.split(/\s+/));
    assert.deepEqual(rows.map(([name]) => name?.replace(/^docker\.io\//, "")).sort(), [
      "kiamol/ch09-vweb:v1",
      "kiamol/ch09-vweb:v2",
      "kiamol/ch09-vweb:v3",
      "local/docker:v1",
      "local/oci:v1",
    ]);
    for (const row of rows) assert.match(row.slice(1).join(" "), /^[0-9a-f]{12} \d+\.\dMB$/);
    // The same content under another name is the same image.
    const idOf = (image: string) => rows.find(([name]) => name?.endsWith(image))?.[1];
    assert.equal(idOf("local/docker:v1"), idOf("kiamol/ch09-vweb:v1"));
  });

  await t.test("every one of them runs", async () => {
    for (const name of ["docker", "oci"]) await run(`kubectl run ${name} --image=local/${name}:v1`);
    for (const name of ["docker", "oci"]) {
      const { status } = await podReady(engine, name);
      assert.equal(await run(`curl -s http://${status.podIP}/v.txt`), "v1");
    }
    assert.match(await run("windlass image list"), /local\/oci:v1/);
    await run("kubectl delete pod --all --now");
  });

  await t.test("pull brings an image from a registry with the operator's password", async () => {
    const image = `${registry.address}/team/app:v1`;
    await run(
      `skopeo copy -q --insecure-policy --dest-tls-verify=false --dest-creds ${registry.username}:${registry.password} ${one} docker://${image}`,
    );
    const { code, stderr } = await attempt(`windlass image pull ${image}`);
    assert.equal(code, 1);
    assert.match(stderr, /^error: failed to pull and unpack image "127\.0\.0\.1:\d+\/team\/app:v1": .*(401|unauthorized|authorization)/i);
    await run(
      `printf '%s' '{"registries":{"${registry.address}":{"auth":{"username":"${registry.username}","password":"${registry.password}"}}}}' > ${engine.home}/registries.json`,
    );
    assert.match(await run(`windlass image pull ${image}`), new RegExp(`^Pulled: ${image} \\(sha256:[0-9a-f]{64}\\)$`));
    await run(`windlass image remove ${image} && rm ${engine.home}/registries.json`);
  });

  await t.test("a Pod without the password waits, says why, and runs when it is given one", async () => {
    const image = `${registry.address}/team/app:v1`;
    await run(`kubectl create deployment app --image=${image}`);
    const pod = await until(
      "its Pod is there",
      async () => (await run("kubectl get pods -l app=app -o jsonpath='{.items[*].metadata.name}'")) || undefined,
    );
    const first = await until("it says that it could not pull", async () => {
      const state = await waiting(pod);
      return state?.reason === "ErrImagePull" && state;
    });
    assert.match(first.message, /^(rpc error: .*)?failed to pull and unpack image "127\.0\.0\.1:\d+\/team\/app:v1": /);
    const later = await until("it is put off", async () => {
      const state = await waiting(pod);
      return state?.reason === "ImagePullBackOff" && state;
    });
    assert.match(later.message, /^Back-off pulling image "127\.0\.0\.1:\d+\/team\/app:v1"/);
    const described = await run(`kubectl describe pod ${pod}`);
    assert.match(described, /Normal +Pulling +.*Pulling image "127\.0\.0\.1:\d+\/team\/app:v1"/);
    assert.match(described, /Warning +Failed +.*Failed to pull image "127\.0\.0\.1:\d+\/team\/app:v1": /);
    assert.match(described, /Warning +Failed +.*Error: ErrImagePull/);
    assert.match(described, /Normal +BackOff +.*Back-off pulling image "127\.0\.0\.1:\d+\/team\/app:v1"/);
    assert.match(described, /Warning +Failed +.*Error: ImagePullBackOff/);

    await run(
      `kubectl create secret docker-registry regcred --docker-server=${registry.address} --docker-username=${registry.username} --docker-password=${registry.password}`,
    );
    await run(`kubectl patch deployment app -p '{"spec":{"template":{"spec":{"imagePullSecrets":[{"name":"regcred"}]}}}}'`);
    await run("kubectl rollout status deploy/app");
    const ready = await until("the new Pod alone is left", async () => {
      const { items } = await engine.read(`${core}/pods?labelSelector=app%3Dapp`);
      return items.length === 1 && items[0];
    });
    assert.equal(await run(`curl -s http://${ready.status.podIP}/v.txt`), "v1");
    assert.match(ready.status.containerStatuses[0].imageID, /@sha256:[0-9a-f]{64}$/);
    assert.match(
      await run(`kubectl describe pod ${ready.metadata.name}`),
      /Successfully pulled image "127\.0\.0\.1:\d+\/team\/app:v1" in /,
    );
  });

  await t.test("imagePullPolicy Never, and a name that is none", async () => {
    await run("kubectl run never --image=nowhere.example/app:v1 --image-pull-policy=Never");
    const never = await until("it says so", async () => (await waiting("never"))?.reason === "ErrImageNeverPull" && waiting("never"));
    assert.equal(never.message, 'Container image "nowhere.example/app:v1" is not present with pull policy of Never');
    await run("kubectl run bad --image=x --dry-run=client -o yaml | sed 's#image: x#image: Not/A:Name:at-all#' | kubectl apply -f -");
    const bad = await until("it says so", async () => (await waiting("bad"))?.reason === "InvalidImageName" && waiting("bad"));
    assert.match(bad.message, /^Failed to apply default image tag "Not\/A:Name:at-all": couldn't parse image name "Not\/A:Name:at-all": /);
    await run("kubectl delete deploy,pod --all --now");
  });
});
