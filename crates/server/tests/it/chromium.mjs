// A real Chromium on the pages: signs in, lets a device in, lets a command line in. The device and
// the command line are played here, with keys and proofs of their own.
//
// Told by the environment: NODE_MODULES, CHROMIUM, PROFILE; by stdin: url, email, password, code, now_ms (the server's clock stands still).

import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { strict as assert } from "node:assert";

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { chromium } = require("playwright-core");

let input = "";
for await (const piece of process.stdin) input += piece;
const { url, email, password, code, now_ms } = JSON.parse(input);

const b64 = (bytes) => Buffer.from(bytes).toString("base64url");
const hash = (text) => createHash("sha256").update(text).digest("base64url");
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const { x } = publicKey.export({ format: "jwk" });
const thumbprint = hash(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`);

function proof(method, path, token) {
  const header = { typ: "dpop+jwt", alg: "EdDSA", jwk: { kty: "OKP", crv: "Ed25519", x } };
  const claims = {
    jti: b64(randomBytes(16)), htm: method, htu: url + path, iat: Math.floor(now_ms / 1000),
  };
  if (token) claims.ath = hash(token);
  const message = [header, claims].map((part) => b64(JSON.stringify(part))).join(".");
  return `${message}.${b64(sign(null, Buffer.from(message), privateKey))}`;
}

async function call(method, path, body, token) {
  const headers = { dpop: proof(method, path, token) };
  if (body) headers["content-type"] = "application/json";
  if (token) headers.authorization = `DPoP ${token}`;
  const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  return { status: answer.status, ...(await answer.json()) };
}

async function isSignedIn(tokens) {
  assert.equal(tokens.token_type, "DPoP", JSON.stringify(tokens));
  const who = await call("GET", "/v1/whoami", undefined, tokens.access_token);
  assert.equal(who.user.email, email);
}

const browser = await chromium.launchPersistentContext(process.env.PROFILE, {
  executablePath: process.env.CHROMIUM,
  headless: true,
  ignoreHTTPSErrors: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--ignore-certificate-errors",
  ],
});
const broken = [];
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => broken.push(String(error)));
  page.setDefaultTimeout(60_000);

  // A device asks; the page asks for a sign-in first, and takes no code from a link.
  const asked = { label: "build-7", version: "tests 1", dpop_jkt: thumbprint };
  const grant = await call("POST", "/v1/device_grants", asked);
  await page.goto(`${url}/device?user_code=${grant.user_code}`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByLabel("Code of your authenticator, or a backup code", { exact: true }).fill(code);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  const typed = page.getByLabel("Code that the device shows");
  await typed.waitFor();
  assert.equal(await typed.inputValue(), "", "never prefilled");
  const kept = await page.evaluate(() =>
    document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage));
  assert.equal(kept, "{}{}", "no script can read a token");
  const cookies = await browser.cookies(url);
  const cookie = cookies.find((one) => one.name === "__Host-casemate-refresh");
  assert.ok(cookie.httpOnly && cookie.secure && cookie.sameSite === "Strict");

  await typed.fill("BBBB-BBBB");
  await page.getByRole("button", { name: "Continue" }).first().click();
  await page.getByRole("alert").filter({ hasText: "no device waits" }).waitFor();
  await typed.fill(grant.user_code.toLowerCase());
  await page.getByRole("button", { name: "Continue" }).first().click();
  await page.getByText("build-7").waitFor();
  await page.getByText("127.0.0.1").waitFor();
  await page.getByRole("button", { name: "Let it in", exact: true }).click();
  await page.getByText("The device is let in").waitFor();
  await isSignedIn(await call("POST", "/v1/device_grants/redeem", {
    device_code: grant.device_code,
  }));

  // A command line on this machine: the browser comes back to its port with a code.
  const state = b64(randomBytes(24));
  const verifier = b64(randomBytes(32));
  let came;
  const visit = new Promise((resolve) => { came = resolve; });
  const listener = createServer((request, answer) => {
    if (request.url.startsWith("/callback")) came(request.url);
    answer.end("done");
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address();
  const query = new URLSearchParams({
    label: "laptop", code_challenge: hash(verifier), redirect_port: String(port), state,
    dpop_jkt: thumbprint,
  });
  await page.goto(`${url}/authorize?${query}`);
  await page.getByText("laptop").waitFor();
  await page.getByRole("button", { name: "Let it in", exact: true }).click();
  const back = new URL(await visit, "http://127.0.0.1");
  assert.equal(back.searchParams.get("state"), state);
  const redeemed = { code: back.searchParams.get("code"), code_verifier: verifier };
  await isSignedIn(await call("POST", "/v1/authorizations/redeem", redeemed));
  const again = await call("POST", "/v1/authorizations/redeem", redeemed);
  assert.equal(again.code, "auth.invalid");
  listener.close();
  listener.closeAllConnections();

  // The device is in the list of sessions, and ends there: within a second it is refused.
  const grant2 = await call("POST", "/v1/device_grants", asked);
  await page.goto(`${url}/device`);
  await typed.fill(grant2.user_code);
  await page.getByRole("button", { name: "Continue" }).first().click();
  await page.getByRole("button", { name: "Let it in", exact: true }).click();
  await page.getByText("The device is let in").waitFor();
  const device = await call("POST", "/v1/device_grants/redeem", {
    device_code: grant2.device_code,
  });
  await isSignedIn(device);
  await page.goto(`${url}/sessions`);
  const rows = page.getByRole("listitem").filter({ hasText: "build-7" });
  await rows.first().waitFor();
  const before = await rows.count();
  await rows.getByRole("button").last().click();
  await page.getByRole("status").filter({ hasText: "The session is ended." }).waitFor();
  const ended = Date.now();
  assert.equal(await rows.count(), before - 1);
  let who;
  do {
    who = await call("GET", "/v1/whoami", undefined, device.access_token);
  } while (who.status === 200 && Date.now() - ended < 5_000);
  assert.equal(who.code, "auth.revoked", "ended in the browser, over on the device");

  // Signing out ends the session of the browser and its cookie.
  await page.goto(`${url}/sign-in`);
  await page.getByText(email).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("E-mail").waitFor();
  const left = (await browser.cookies(url)).map((one) => one.name);
  assert.ok(!left.includes("__Host-casemate-refresh"), left.join());
  assert.deepEqual(broken, []);
  console.log("every step was taken");
} catch (error) {
  const [page] = browser.pages().slice(-1);
  console.error(page.url().split("?")[0], await page.locator("main").innerText(), broken);
  throw error;
} finally {
  await browser.close();
}
