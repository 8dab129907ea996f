// A person at a real browser with a virtual authenticator: arguments as JSON on stdin.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { url, modules, browser, profile, email, password, code, tries } =
  JSON.parse(readFileSync(0));
const { chromium } = createRequire(`${modules}/`)("playwright-core");

const flags = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--ignore-certificate-errors",
];
const context = await chromium.launchPersistentContext(profile, {
  executablePath: browser, args: flags, ignoreHTTPSErrors: true,
});

const steps = [];
let attestation = null;
const page = await context.newPage();
const faults = [];
page.on("pageerror", (error) => faults.push(String(error)));
page.on("console", (message) => {
  if (message.type() === "error") faults.push(message.text());
});

async function said(text) {
  await page.locator("#status").filter({ hasText: text }).waitFor({ timeout: 60_000 });
  steps.push(text);
}

async function press(name) {
  await page.getByRole("button", { name, exact: true }).click();
}

/** Adds a passkey, signs in with it alone, removes it, and finds nothing left. */
async function addsUsesAndRemoves(devtools, authenticatorId) {
  await page.getByLabel("Name of the new passkey").fill("laptop");
  await press("Add a passkey");
  await said("laptop was added.");
  const held = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
  if (held.credentials.length !== 1) throw new Error("the authenticator holds no passkey");
  if (!held.credentials[0].isResidentCredential) throw new Error("it cannot be found by itself");

  await press("Sign out");
  await said("You are signed out.");
  await press("Sign in with a passkey");
  await said("You are signed in.");

  await press("Remove laptop");
  await said("laptop was removed.");
  await press("Sign out");
  await said("You are signed out.");
  await press("Sign in with a passkey");
  await said("the e-mail address, the password or the code is wrong");
  const kept = await page.evaluate(() => localStorage.length + sessionStorage.length);
  if (kept !== 0 || (await context.cookies()).length !== 0) throw new Error("something was kept");
}

/** A member of the staff whose authenticator is software. */
async function refusesSoftware() {
  await page.evaluate(() => {
    const create = navigator.credentials.create.bind(navigator.credentials);
    navigator.credentials.create = (asked) => {
      window.attestation = asked.publicKey.attestation;
      return create(asked);
    };
  });
  await page.getByLabel("Name of the new passkey").fill("laptop");
  await press("Add a passkey");
  await said("Staff registers passkeys that live in hardware");
  attestation = await page.evaluate(() => window.attestation);
}

try {
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true,
    isUserVerified: true, automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  await page.goto(`${url}/passkeys`);

  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("Code of your authenticator").fill(code);
  await press("Sign in");
  await said("You are signed in.");

  await (tries === "staff" ? refusesSoftware() : addsUsesAndRemoves(devtools, authenticatorId));
} catch (error) {
  const status = await page.locator("#status").textContent().catch(() => "");
  faults.push(`${error} after ${JSON.stringify(steps)}, the page says: ${status}`);
  process.exitCode = 1;
}
await context.close();
console.log(JSON.stringify({ steps, faults, attestation }));
