// The identity providers that recognise the signed-in person: linking one, and unlinking it.

import { at, attempt, call, leaveToProvider, person, withFreshFactor } from "/pages/api.js";

const IDENTITIES = "/v1/account/identities";

function button(text, work) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", () => attempt(() => withFreshFactor("step-up", work)));
  return made;
}

function line({ provider, issuer, subject }) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.textContent = `${provider}: ${subject}`;
  item.append(name, button(`Unlink ${provider}`, async () => {
    await call("POST", `${IDENTITIES}/unlink`, { issuer, subject });
    await show();
    at("status").textContent = `${provider} recognises you no more.`;
  }));
  return item;
}

async function show() {
  const { items } = await call("GET", IDENTITIES);
  at("list").replaceChildren(...items.map(line));
  if (items.length === 0) at("list").textContent = "None yet.";
}

async function offer() {
  const { providers } = await call("GET", "/v1/sso/providers");
  at("providers").replaceChildren(...providers.map((provider) =>
    button(`Link ${provider}`, async () => {
      leaveToProvider(await call("POST", IDENTITIES, { provider }), null);
    })));
}

attempt(async () => {
  const transaction = new URLSearchParams(location.search).get("transaction");
  if ((await person()) === null) return;
  at("own").hidden = false;
  await Promise.all([show(), offer()]);
  if (transaction === null) return;
  history.replaceState(null, "", "/identities");
  const linked = await call("POST", `${IDENTITIES}/${encodeURIComponent(transaction)}/confirm`);
  await show();
  at("status").textContent = `${linked.provider} recognises you from now on.`;
});
