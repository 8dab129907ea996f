// Signing in: password and code, a passkey, or an identity provider.

import { Problem, at, attempt, call, restore, signIn, signOut } from "/pages/api.js";

const query = new URLSearchParams(location.search);

/** Where to go afterwards: a page of this server that lets a client in, or nowhere. */
function next() {
  const wanted = query.get("next") ?? sessionStorage.getItem("next") ?? "";
  sessionStorage.removeItem("next");
  const url = new URL(wanted, location.origin);
  const known = ["/authorize", "/device"].includes(url.pathname);
  return url.origin === location.origin && known ? url.pathname + url.search : null;
}

async function arrive() {
  const target = next();
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
  const target = next();
  if (target !== null) sessionStorage.setItem("next", target);
  const begun = await call("POST", "/v1/sso/transactions", { provider });
  location.assign(begun.authorization_url);
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

/** Back from an identity provider; whose factor does not count, the page asks for one. */
async function comeBack(transaction) {
  history.replaceState(null, "", "/sign-in");
  const path = `/v1/sso/transactions/${encodeURIComponent(transaction)}/redeem`;
  try {
    await signIn(path, {});
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.code !== "factor.needed") {
      at("sign-in").hidden = false;
      throw problem;
    }
    at("factor").hidden = false;
    at("factor-code").focus();
    at("factor").addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(async () => {
        await signIn(path, { factor: factor(at("factor-code").value.trim()) });
        at("factor").hidden = true;
        await arrive();
      });
    });
    return;
  }
  await arrive();
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
  await Promise.all([offerPasskey(), offerProviders()]);
}

attempt(begin);
