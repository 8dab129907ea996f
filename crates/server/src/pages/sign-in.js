// Signing in: password and code, a passkey, or an identity provider.

import {
  Problem, at, attempt, call, leaveToProvider, nextPage, restore, signIn, signOut,
} from "/pages/api.js";

const query = new URLSearchParams(location.search);

async function arrive() {
  const target = nextPage(query.get("next"));
  if (target !== null) {
    location.replace(target);
    return;
  }
  const { user } = await call("GET", "/v1/whoami");
  at("who").textContent = user.email;
  at("sign-in").hidden = true;
  at("signed-in").hidden = false;
}

function factor(code) {
  const kind = code.length > 6 ? "backup_code" : "totp";
  return { kind, code };
}

at("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    await signIn("/v1/sessions", {
      email: at("email").value.trim(),
      password: at("password").value,
      factor: factor(at("code").value.trim()),
    });
    at("password").value = "";
    at("code").value = "";
    await arrive();
  });
});

at("sign-out").addEventListener("click", () => attempt(async () => {
  await signOut();
  location.replace("/sign-in");
}));

async function offerPasskey() {
  let webauthn;
  try {
    webauthn = await import("/pages/webauthn.js");
  } catch {
    return;
  }
  if (typeof webauthn.passkeyAnswer !== "function") return;
  at("passkey").hidden = false;
  at("passkey").addEventListener("click", () => attempt(async () => {
    // Our own call, so that the refresh token goes into the cookie.
    await signIn("/v1/sessions/passkey", await webauthn.passkeyAnswer());
    await arrive();
  }));
}

/** Goes to an identity provider; it leads back here with a transaction. */
async function leave(provider) {
  const page = nextPage(query.get("next"));
  leaveToProvider(await call("POST", "/v1/sso/transactions", { provider }), page);
}

async function offerProviders() {
  let providers;
  try {
    providers = (await call("GET", "/v1/sso/providers")).providers ?? [];
  } catch (problem) {
    if (problem instanceof Problem) return;
    throw problem;
  }
  for (const provider of providers) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `Sign in with ${provider}`;
    button.addEventListener("click", () => attempt(() => leave(provider)));
    at("providers").append(button);
  }
}

/** What the page asks for when a provider's word is not enough. */
const MISSING = { "factor.needed": "factor", "sso.no_account": "invited" };

/** Back from an identity provider; whose factor does not count gives one, whom nobody knows shows
    an invitation. */
async function comeBack(transaction) {
  history.replaceState(null, "", "/sign-in");
  const path = `/v1/sso/transactions/${encodeURIComponent(transaction)}/redeem`;
  const shown = {};
  async function finish() {
    try {
      await signIn(path, shown);
    } catch (problem) {
      const form = problem instanceof Problem ? MISSING[problem.code] : undefined;
      if (form === undefined) {
        at("sign-in").hidden = !(at("factor").hidden && at("invited").hidden);
        throw problem;
      }
      at(form).hidden = false;
      at(form).querySelector("input").focus();
      return;
    }
    at("factor").hidden = true;
    at("invited").hidden = true;
    await arrive();
  }
  function asks(form, read) {
    at(form).addEventListener("submit", (event) => {
      event.preventDefault();
      read();
      attempt(finish);
    });
  }
  asks("factor", () => { shown.factor = factor(at("factor-code").value.trim()); });
  asks("invited", () => {
    const link = at("invitation").value.trim().split("/").pop();
    shown.invitation = { link, code: at("invitation-code").value.trim() };
  });
  await finish();
}

/** Says why a provider led back without anybody. */
function explain(error) {
  const known = /^[a-z_.]{1,64}$/.test(error) ? error : "unknown";
  history.replaceState(null, "", "/sign-in");
  at("error").textContent = `The identity provider signed nobody in (${known}). Try again.`;
}

async function begin() {
  const transaction = query.get("transaction");
  if (transaction !== null) {
    await comeBack(transaction);
    return;
  }
  if (await restore()) {
    await arrive();
    return;
  }
  at("sign-in").hidden = false;
  at("email").focus();
  if (query.has("error")) explain(query.get("error"));
  await Promise.all([offerPasskey(), offerProviders()]);
}

attempt(begin);
