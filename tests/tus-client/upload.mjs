// The standard client for resumable uploads, for the tests.
//
// node upload.mjs NODE_MODULES SETTINGS
//
// SETTINGS is JSON: `endpoint`, `token`, `file`, `name`, and `memory`, a file in which the client
// keeps where its uploads are, so that another run goes on. It prints a line of JSON for each thing
// that happens: `{"sent": BYTES}`, `{"retried": true}`, and `{"url": URL}` or `{"error": TEXT}` at
// the end.

import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const entry = path.join(process.argv[2], 'tus-js-client', 'lib.esm', 'node', 'index.js');
const tus = await import(pathToFileURL(entry).href);
const { endpoint, token, file, name, memory } = JSON.parse(process.argv[3]);

const say = (what) => console.log(JSON.stringify(what));

// As the client does by itself.
const isPassing = (status) => status < 400 || status >= 500 || status === 409 || status === 423;

const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  headers: { authorization: `Bearer ${token}` },
  metadata: { filename: name, filetype: 'audio/flac' },
  // Long enough for a server to start anew on a machine that has other things to do.
  retryDelays: Array(1200).fill(50),
  urlStorage: new tus.FileUrlStorage(memory),
  onProgress: (sent) => say({ sent }),
  onShouldRetry: (error) => {
    const retries = isPassing(error.originalResponse?.getStatus() ?? 0);
    if (retries) say({ retried: true });
    return retries;
  },
  onError: (error) => {
    say({ error: `${error}` });
    process.exit(1);
  },
  onSuccess: () => say({ url: upload.url }),
});

const [previous] = await upload.findPreviousUploads();
if (previous) upload.resumeFromPreviousUpload(previous);
upload.start();
