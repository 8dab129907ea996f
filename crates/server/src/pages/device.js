// Lets a device in whose code somebody types. Nothing of the address is read: a code that came in a
// link is not taken.

import { at, attempt, call, person, withFreshFactor } from "/pages/api.js";

let waiting = null;

at("look").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const code = at("user-code").value.trim();
    waiting = await call("POST", "/v1/device_grants/look", { user_code: code });
    at("label").textContent = waiting.label;
    at("version").textContent = waiting.version;
    at("ip").textContent = waiting.ip ?? "unknown";
    at("time").textContent = new Date(waiting.asked_at_ms).toLocaleString();
    at("look").hidden = true;
    at("asked").hidden = false;
  });
});

function decided(text) {
  at("asked").hidden = true;
  at("verdict").textContent = text;
  at("done").hidden = false;
}

at("approve").addEventListener("click", () =>
  attempt(() => withFreshFactor("step-up", async () => {
    await call("POST", `/v1/device_grants/${waiting.id}/approve`);
    decided("The device is let in. You can close this page.");
  })));

at("deny").addEventListener("click", () => attempt(async () => {
  await call("POST", `/v1/device_grants/${waiting.id}/deny`);
  decided("The device is not let in.");
}));

attempt(async () => {
  if ((await person()) === null) return;
  at("look").hidden = false;
  at("user-code").focus();
});
