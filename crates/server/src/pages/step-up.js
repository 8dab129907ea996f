// Back from an identity provider that asked for its factors again.

import { adopt, at, attempt, call, leaveToSignIn, nextPage, restore } from "/pages/api.js";

attempt(async () => {
  const transaction = new URLSearchParams(location.search).get("transaction") ?? "";
  history.replaceState(null, "", "/step-up");
  if (!(await restore())) {
    leaveToSignIn();
    return;
  }
  const path = `/v1/sessions/current/step-up/sso/${encodeURIComponent(transaction)}/confirm`;
  adopt(await call("POST", path));
  const target = nextPage(null);
  if (target === null) {
    at("status").textContent = "Your factors are fresh. Go on where you were.";
  } else {
    location.replace(target);
  }
});
