"use strict";
const at = (id) => document.getElementById(id);

// Base64url, in which WebAuthn's JSON has its bytes.
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// Asks the server; what it refuses is thrown in its own words.
const ask = async (path, body) => {
  let answer;
  try {
    answer = await fetch(path, body && {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error("The server does not answer. Try again in a moment.");
  }
  if (answer.status === 204) return null;
  const said = await answer.json();
  if (!answer.ok) throw new Error(`${said.error.message} ${said.error.hint}`.trim());
  return said;
};
