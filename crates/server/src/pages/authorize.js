// Lets a command line on this machine in, and leads the browser back to it.

import { at, attempt, call, person, withFreshFactor } from "/pages/api.js";

const query = new URLSearchParams(location.search);
const port = Number(query.get("redirect_port"));
const state = query.get("state") ?? "";
const known = Number.isInteger(port) && port >= 1024 && port <= 65535
  && /^[A-Za-z0-9_-]{16,128}$/.test(state);

async function approve() {
  const made = await call("POST", "/v1/authorizations", {
    label: query.get("label") ?? "",
    code_challenge: query.get("code_challenge") ?? "",
    redirect_port: port,
    state,
    dpop_jkt: query.get("dpop_jkt") ?? "",
  });
  location.replace(made.redirect_uri);
}

at("approve").addEventListener("click", () =>
  attempt(() => withFreshFactor("step-up", approve)));

at("deny").addEventListener("click", () => {
  location.replace(`http://127.0.0.1:${port}/callback?error=access_denied&state=${state}`);
});

attempt(async () => {
  if (!known) {
    at("error").textContent = "This address is not complete. Run casemate login again.";
    return;
  }
  if ((await person()) === null) return;
  at("label").textContent = query.get("label") ?? "";
  at("listener").textContent = `127.0.0.1:${port}`;
  at("asked").hidden = false;
});
