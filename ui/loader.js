// Starts the interface; a file of its own because the content security policy forbids inline
// scripts.
import init from "./ui_app.js";

await init({ module_or_path: new URL("ui_app_bg.wasm", import.meta.url) });
