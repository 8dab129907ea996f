// The page of one's own passkeys. Its tokens are variables: they go with the page.

import { ask, newCredential, signInWithPasskey } from "/pages/webauthn.js";

const PASSKEYS = "/v1/account/passkeys";
const byId = (id) => document.getElementById(id);

let token = "";
let session = "";

function say(text) {
  byId("status").textContent = text;
}

/** Does what a form asks for, and says what went wrong. */
function on(form, act) {
  byId(form).addEventListener("submit", async (event) => {
    event.preventDefault();
    const target = event.currentTarget;
    const fields = Object.fromEntries(new FormData(target));
    say("");
    try {
      say((await act(fields)) ?? "");
      target.reset();
    } catch (error) {
      say(error.message);
    }
  });
}

async function entered(tokens) {
  token = tokens.access_token;
  session = tokens.session_id;
  await show();
}

async function show() {
  byId("signed-out").hidden = token !== "";
  byId("signed-in").hidden = token === "";
  const { items } = token === "" ? { items: [] } : await ask("GET", PASSKEYS, { token });
  byId("list").replaceChildren(...items.map(row));
}

function row(passkey) {
  const line = document.createElement("li");
  const name = document.createElement("span");
  const since = new Date(passkey.created_at_ms).toLocaleDateString();
  const kept = passkey.hardware ? ", in hardware" : passkey.backed_up ? ", synced" : "";
  name.textContent = `${passkey.name}, since ${since}${kept}`;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `Remove ${passkey.name}`;
  button.addEventListener("click", () => remove(passkey));
  line.append(name, button);
  return line;
}

async function remove(passkey) {
  try {
    await ask("DELETE", `${PASSKEYS}/${passkey.id}`, { token });
    await show();
    say(`${passkey.name} was removed.`);
  } catch (error) {
    say(error.message);
  }
}

on("by-passkey", async () => {
  await entered(await signInWithPasskey());
  return "You are signed in.";
});

on("by-password", async ({ email, password, code }) => {
  const body = { email, password, factor: { kind: "totp", code } };
  await entered(await ask("POST", "/v1/sessions", { body }));
  return "You are signed in.";
});

on("add", async ({ name }) => {
  const body = { purpose: "register" };
  const { challenge, options } = await ask("POST", `${PASSKEYS}/challenges`, { token, body });
  const credential = await newCredential(options);
  await ask("POST", PASSKEYS, { token, body: { name, challenge, credential } });
  await show();
  return `${name} was added.`;
});

on("leave", async () => {
  await ask("DELETE", `/v1/sessions/${session}`, { token });
  token = "";
  await show();
  return "You are signed out.";
});

show();
