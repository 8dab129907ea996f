// The sessions of the signed-in person: where they are, how they began, and an end to them.

import { at, attempt, call, person } from "/pages/api.js";

const SESSIONS = "/v1/sessions";

function name(session) {
  return session.label ?? session.user_agent ?? session.client;
}

function details(session) {
  const time = (ms) => new Date(ms).toLocaleString();
  return [
    session.client, session.ip, session.country, session.factors.join(" + "),
    `since ${time(session.created_at_ms)}`, `last used ${time(session.last_used_at_ms)}`,
    session.key_bound ? "bound to a key" : null, session.current ? "this browser" : null,
  ].filter((one) => one !== null && one !== undefined).join(", ");
}

function line(session) {
  const item = document.createElement("li");
  const text = document.createElement("span");
  const strong = document.createElement("strong");
  strong.textContent = name(session);
  text.append(strong, ` ${details(session)}`);
  item.append(text);
  if (!session.current) {
    const end = document.createElement("button");
    end.type = "button";
    end.textContent = `End ${name(session)}`;
    end.addEventListener("click", () => attempt(async () => {
      await call("DELETE", `${SESSIONS}/${session.id}`);
      await show();
      at("status").textContent = "The session is ended.";
    }));
    item.append(end);
  }
  return item;
}

async function show() {
  const { items } = await call("GET", `${SESSIONS}?limit=200`);
  at("list").replaceChildren(...items.map(line));
}

at("others").addEventListener("click", () => attempt(async () => {
  await call("DELETE", SESSIONS);
  await show();
  at("status").textContent = "All other sessions are ended.";
}));

at("all").addEventListener("click", () => attempt(async () => {
  await call("POST", `${SESSIONS}/revoke-all`);
  location.replace("/sign-in");
}));

attempt(async () => {
  if ((await person()) === null) return;
  at("own").hidden = false;
  await show();
});
