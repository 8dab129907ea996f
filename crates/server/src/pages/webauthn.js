// What the browser and the API say to each other about passkeys.
//
// The API writes bytes as base64url without padding, the browser takes and gives buffers. Nothing
// is kept here.

/** The bytes of a base64url text. */
export function bytesOf(text) {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Bytes as base64url without padding. */
export function textOf(buffer) {
  const characters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte));
  return btoa(characters.join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function descriptors(list) {
  return (list ?? []).map((one) => ({ ...one, id: bytesOf(one.id) }));
}

/** A refusal of the API, with its stable code. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.detail ?? problem.title ?? "The request failed.");
    this.code = problem.code ?? "";
  }
}

/** Asks the API; the answer's JSON, or nothing when it has none. Throws `Refused`. */
export async function ask(method, path, { token, body } = {}) {
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await fetch(path, { method, headers, body: text, credentials: "omit" });
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(json);
  return json;
}

/** Makes a passkey for these options of the API; what the API wants back. */
export async function newCredential(options) {
  const publicKey = {
    ...options,
    challenge: bytesOf(options.challenge),
    user: { ...options.user, id: bytesOf(options.user.id) },
    excludeCredentials: descriptors(options.excludeCredentials),
  };
  const made = await navigator.credentials.create({ publicKey });
  return {
    id: made.id,
    rawId: textOf(made.rawId),
    type: made.type,
    response: {
      attestationObject: textOf(made.response.attestationObject),
      clientDataJSON: textOf(made.response.clientDataJSON),
      transports: made.response.getTransports?.() ?? [],
    },
  };
}

/** Has a passkey answer these options of the API; what the API wants back. */
export async function assertion(options) {
  const publicKey = {
    ...options,
    challenge: bytesOf(options.challenge),
    allowCredentials: descriptors(options.allowCredentials),
  };
  const given = await navigator.credentials.get({ publicKey });
  const { authenticatorData, clientDataJSON, signature, userHandle } = given.response;
  return {
    id: given.id,
    rawId: textOf(given.rawId),
    type: given.type,
    response: {
      authenticatorData: textOf(authenticatorData),
      clientDataJSON: textOf(clientDataJSON),
      signature: textOf(signature),
      userHandle: userHandle ? textOf(userHandle) : null,
    },
  };
}

/** A passkey's answer to a challenge to sign in: `{challenge, credential}`. */
export async function passkeyAnswer(email) {
  const body = email ? { email } : {};
  const { challenge, options } = await ask("POST", "/v1/passkey-challenges", { body });
  return { challenge, credential: await assertion(options) };
}

/** Signs in with a passkey alone; the session's tokens. */
export async function signInWithPasskey(email) {
  return ask("POST", "/v1/sessions/passkey", { body: await passkeyAnswer(email) });
}

/** Gives a factor again with a passkey; the session's new tokens. */
export async function stepUpWithPasskey(token) {
  const asked = await ask("POST", "/v1/account/passkeys/challenges", {
    token,
    body: { purpose: "step_up" },
  });
  const passkey = { challenge: asked.challenge, credential: await assertion(asked.options) };
  return ask("POST", "/v1/sessions/current/step-up", { token, body: { passkey } });
}
