// A real OpenID Connect provider for the tests, on a free port of this machine.
//
// node server.mjs NODE_MODULES
//
// It prints its issuer first. Whoever started it then writes a line of JSON, and may write another
// later, which starts over with new keys:
//
//   { "clients": [..], "people": { LOGIN: CLAIMS }, "settings": {..} }
//
// Until the first line it answers nothing. It ends with its standard input.

import crypto from 'node:crypto';
import http from 'node:http';
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';

const entry = path.join(process.argv[2], 'oidc-provider', 'lib', 'index.js');
// What the provider notes is not for whoever reads our output.
console.info = console.error;
const { default: Provider } = await import(pathToFileURL(entry).href);

const signingKey = () => {
  const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = crypto.randomBytes(8).toString('hex');
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
};

const provide = (issuer, { clients, people, settings }) =>
  new Provider(issuer, {
    clients,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    cookies: { keys: [crypto.randomBytes(32).toString('hex')] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
    jwks: { keys: [signingKey()] },
    pkce: { required: () => true },
    ...settings,
  });

let answer = (_, response) => response.writeHead(503).end();
const server = http.createServer((request, response) => answer(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  console.log(issuer);
  readline
    .createInterface({ input: process.stdin })
    .on('line', (line) => {
      answer = provide(issuer, JSON.parse(line)).callback();
      console.log('ready');
    })
    .on('close', () => process.exit());
});
