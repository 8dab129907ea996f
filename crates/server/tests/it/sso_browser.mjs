// A person at a real browser who uses an identity provider: links it, signs in by it, accepts an
// invitation by it, and gives its factors again. First line of stdin: what to use, as JSON; a line
// comes back for each `later` that is printed.

import { strict as assert } from "node:assert";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const stdin = createInterface({ input: process.stdin });
const lines = stdin[Symbol.asyncIterator]();
const told = async () => (await lines.next()).value;
const {
  url, modules, browser, profile, email, password, codes, invited, link, code,
} = JSON.parse(await told());
const { chromium } = createRequire(`${modules}/`)("playwright-core");

const context = await chromium.launchPersistentContext(profile, {
  executablePath: browser,
  ignoreHTTPSErrors: true,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--ignore-certificate-errors",
  ],
});
const page = await context.newPage();
page.setDefaultTimeout(60_000);
const faults = [];
page.on("pageerror", (error) => faults.push(String(error)));
page.on("console", (message) => {
  if (message.text().includes("Content Security Policy")) faults.push(message.text());
});

const press = (name) => page.getByRole("button", { name, exact: true }).click();
const said = (text) => page.getByRole("status").filter({ hasText: text }).waitFor();
const refused = (text) => page.getByRole("alert").filter({ hasText: text }).waitFor();

async function signOut() {
  await page.goto(`${url}/sign-in`);
  await press("Sign out");
  await page.getByLabel("E-mail").waitFor();
}

try {
  // Somebody with a password links the provider, signs in by it with a factor of their own, and
  // unlinks it.
  await page.goto(`${url}/identities`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  const codeField = "Code of your authenticator, or a backup code";
  await page.getByLabel(codeField, { exact: true }).fill(codes[0]);
  await press("Sign in");
  await press("Link google");
  await said("google recognises you from now on.");
  await signOut();
  await press("Sign in with google");
  await page.getByLabel(`${codeField}, to finish`).fill(codes[1]);
  await press("Finish");
  await page.getByText(email).waitFor();
  await page.goto(`${url}/identities`);
  await press("Unlink google");
  await said("google recognises you no more.");
  await signOut();

  // Somebody without an account was invited.
  await press("Sign in with google");
  await page.getByLabel("Link of the invitation").fill(link);
  await page.getByLabel("Its code").fill("0000-0000-0000-0000-0000");
  await press("Accept");
  await refused("code");
  await page.getByLabel("Its code").fill(code);
  await press("Accept");
  await page.getByText(invited).waitFor();

  // What needs fresh factors leads to the provider, and back to where it was asked.
  await page.goto(`${url}/identities`);
  await page.getByRole("button", { name: "Link google", exact: true }).waitFor();
  console.log("later");
  await told();
  const confirmed = page.waitForResponse((answer) => answer.url().endsWith("/confirm"));
  await press("Link google");
  const risen = await confirmed;
  assert.ok(risen.url().includes("/step-up/sso/") && risen.status() === 200, risen.url());
  await page.waitForURL(/\/identities$/);
  await page.getByRole("button", { name: "Link google", exact: true }).waitFor();
  await press("Link google");
  await refused("factor of your own");
  await page.goto(`${url}/step-up?transaction=01890a5d-ac96-774b-bcce-b302099a8057`);
  await refused("start again");

  // A provider that lets nobody in leads to a page that says so.
  await page.goto(`${url}/sso/callback?error=access_denied`);
  await signOut();
  await page.goto(`${url}/sign-in?error=sso.provider_refused`);
  await refused("sso.provider_refused");
  assert.deepEqual(faults, []);
  console.log("every step was taken");
} catch (error) {
  console.log(page.url().split("?")[0], await page.locator("main").innerText(), String(error));
  process.exitCode = 1;
} finally {
  await context.close();
  stdin.close();
  process.stdin.destroy();
}
