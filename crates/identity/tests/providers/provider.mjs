// The certified OpenID provider on a free loopback port, shaped by its argument: `plain`, `google`
// (hd, email_verified) or `microsoft` (a templated issuer, tid, oid). It logs `ada` in by itself.
// REDIRECT says where it may lead back to. Its first line of output is its address.
import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

// Whoever started it reads the first line only.
process.stdout.on('error', () => {});

const [, , shape, tenant] = process.argv;
const modules = process.env.CASEMATE_TEST_NODE_MODULES;
const entry = path.join(modules, 'oidc-provider', 'lib', 'index.js');
const { Provider } = await import(pathToFileURL(entry));

const claims = {
  plain: { email: 'ada@ours.example', email_verified: true },
  google: { email: 'ada@ours.example', email_verified: true, hd: 'ours.example' },
  microsoft: { email: 'ada@ours.example', tid: tenant, oid: 'object-of-ada' },
}[shape];

const server = http.createServer();
server.listen(0, '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${server.address().port}`;
  const mount = shape === 'microsoft' ? `/${tenant}/v2.0` : '';
  const provider = new Provider(`${origin}${mount}`, {
    clients: [{
      client_id: 'casemate',
      client_secret: 'a secret',
      redirect_uris: [process.env.REDIRECT ?? 'https://casemate.example/sso/callback'],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    }],
    cookies: { keys: ['for tests only'] },
    claims: {
      openid: ['sub', 'hd', 'tid', 'oid', 'amr', 'acr'],
      email: ['email', 'email_verified'],
      profile: ['name'],
    },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `${mount}/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...claims }) }),
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  const inner = provider.callback();
  server.on('request', async (request, response) => {
    const { pathname } = new URL(request.url, origin);
    if (pathname === '/common/v2.0/.well-known/openid-configuration') {
      // Microsoft's common document: the tenant's own, with a template where the tenant is named.
      const own = await (await fetch(`${origin}${mount}/.well-known/openid-configuration`)).json();
      own.issuer = `${origin}/{tenantid}/v2.0`;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(own));
    } else if (pathname.startsWith(`${mount}/interaction/`)) {
      const result = { login: { accountId: 'ada', amr: ['mfa'] } };
      await provider.interactionFinished(request, response, result);
    } else {
      // Mounted below a path, as a framework would do it.
      request.originalUrl = request.url;
      request.baseUrl = mount;
      request.url = request.url.slice(mount.length) || '/';
      inner(request, response);
    }
  });
  console.log(origin);
});
