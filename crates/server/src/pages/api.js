// The API as the pages use it. The access token lives in this page's memory; the refresh token is
// in a cookie that no script can read.

let access = null;
let session = null;

/** What the server said instead of an answer. */
export class Problem extends Error {
  constructor(status, body) {
    const fields = (body.errors ?? []).map((one) => `${one.field}: ${one.detail}`);
    super([body.detail ?? body.title ?? `The server answered ${status}.`, ...fields].join(" "));
    this.status = status;
    this.code = body.code ?? "";
  }
}

async function send(method, path, body) {
  const headers = { "casemate-refresh": "cookie" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (access !== null) headers.authorization = `Bearer ${access}`;
  const response = await fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
  });
  const text = await response.text();
  let answer = {};
  try {
    answer = text === "" ? {} : JSON.parse(text);
  } catch {
    answer = {};
  }
  if (!response.ok) throw new Problem(response.status, answer);
  return answer;
}

/** Takes the tokens that an answer holds. */
export function adopt(tokens) {
  access = tokens.access_token;
  session = tokens.session_id;
}

/** Whether somebody is signed in in this browser; then their next tokens are here. */
export async function restore() {
  access = null;
  try {
    adopt(await send("POST", "/v1/sessions/refresh", {}));
    return true;
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 401) return false;
    throw problem;
  }
}

/** Makes a call; once more with new tokens when these have ended. */
export async function call(method, path, body) {
  try {
    return await send(method, path, body);
  } catch (problem) {
    const over = problem instanceof Problem && problem.code === "auth.expired";
    if (!over || !(await restore())) throw problem;
    return send(method, path, body);
  }
}

/** Signs in with what an anonymous endpoint asks for. */
export async function signIn(path, body) {
  access = null;
  adopt(await send("POST", path, body));
}

/** Gives a fresh factor. */
export async function stepUp(code) {
  adopt(await call("POST", "/v1/sessions/current/step-up", { code }));
}

/** Ends the session of this browser. */
export async function signOut() {
  await call("DELETE", `/v1/sessions/${session}`);
  access = null;
  session = null;
}

/** Leads to the page to sign in on, and back here afterwards. */
export function leaveToSignIn() {
  const here = location.pathname + location.search;
  location.replace(`/sign-in?next=${encodeURIComponent(here)}`);
}

/** The signed-in person, whose address the page shows. Without one, the browser leaves to sign in,
    and comes back. */
export async function person() {
  if (!(await restore())) {
    leaveToSignIn();
    return null;
  }
  const { user } = await call("GET", "/v1/whoami");
  at("who").textContent = user.email;
  return user;
}

/** The page of this server to go on to: the one this tab was leaving from, or nowhere. */
export function nextPage(wanted) {
  const text = wanted ?? sessionStorage.getItem("next") ?? "";
  sessionStorage.removeItem("next");
  const url = new URL(text, location.origin);
  const known = ["/authorize", "/device", "/identities", "/sessions"].includes(url.pathname);
  return url.origin === location.origin && known ? url.pathname + url.search : null;
}

/** Goes to an identity provider, which leads back to this server; then to this page, if any. */
export function leaveToProvider(begun, page) {
  if (page !== null) sessionStorage.setItem("next", page);
  location.assign(begun.authorization_url);
}

/** Whether the factor is the provider's to ask for again: then the browser is on its way there. */
async function askedByProvider() {
  try {
    const begun = await call("POST", "/v1/sessions/current/step-up/sso");
    leaveToProvider(begun, location.pathname + location.search);
    return true;
  } catch (problem) {
    if (problem instanceof Problem && problem.code === "factor.needed") return false;
    throw problem;
  }
}

/** The element with this id. */
export function at(id) {
  return document.getElementById(id);
}

/** Does something, with the buttons out of reach meanwhile, and shows what went wrong. */
export async function attempt(work) {
  const buttons = [...document.querySelectorAll("button")];
  at("error").textContent = "";
  for (const button of buttons) button.disabled = true;
  try {
    await work();
  } catch (problem) {
    at("error").textContent = typeof problem.code === "string"
      ? problem.message
      : "The server could not be reached. Try again.";
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

/** Does what needs a fresh factor: when there is none, the form with this id asks for one first. */
export async function withFreshFactor(form, work) {
  try {
    await work();
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.code !== "factor.not_fresh") throw problem;
    if (await askedByProvider()) return;
    at(form).hidden = false;
    at(form).querySelector("input").focus();
    at(form).onsubmit = (event) => {
      event.preventDefault();
      attempt(async () => {
        await stepUp(at(form).querySelector("input").value.trim());
        at(form).hidden = true;
        await work();
      });
    };
  }
}
