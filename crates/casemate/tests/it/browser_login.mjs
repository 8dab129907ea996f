// Somebody at a real browser who lets a waiting program in. What to do comes as JSON on stdin.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const {
  url, typed, email, password, code, browser, modules, profile,
} = JSON.parse(readFileSync(0));
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
try {
  await page.goto(url);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  const field = "Code of your authenticator, or a backup code";
  await page.getByLabel(field, { exact: true }).fill(code);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  if (typed !== "") {
    await page.getByLabel("Code that the device shows").fill(typed);
    await page.getByRole("button", { name: "Continue" }).first().click();
  }
  await page.getByRole("button", { name: "Let it in", exact: true }).click();
  if (typed === "") await page.waitForURL(/^http:\/\/127\.0\.0\.1:/);
  else await page.getByText("The device is let in").waitFor();
} catch (error) {
  console.error(page.url().split("?")[0], await page.locator("body").innerText());
  throw error;
} finally {
  await context.close();
}
