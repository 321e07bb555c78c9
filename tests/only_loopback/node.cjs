// Keeps a Node process on loopback, as sitecustomize.py does one of Python: what would leave it is refused, and
// written down for the test to fail by. The tests have every Node they start load it first, by NODE_OPTIONS.
"use strict";
const dgram = require("node:dgram");
const dns = require("node:dns");
const fs = require("node:fs");
const { syncBuiltinESMExports } = require("node:module");
const net = require("node:net");

const record = process.env.TESTS_LEFT_LOOPBACK;

const isLoopback = (host) =>
  !host ||
  host.toLowerCase() === "localhost" ||
  (net.isIPv4(host) && host.startsWith("127.")) ||
  (net.isIPv6(host) && /^(::1|::ffff:127\..*)$/i.test(host.split("%")[0]));

function refuse(what, address) {
  const told = `${what} to '${address}' by node process ${process.pid}`;
  fs.appendFileSync(record, `${told}\n`);
  throw new Error(`tests stay on loopback: ${told}`);
}

// What connect() is called with: options, a port and a host, a path, or those in a list where net calls itself.
function hostOf([first, second]) {
  if (Array.isArray(first)) return hostOf(first);
  if (first !== null && typeof first === "object") return first.path ? "" : first.host;
  return typeof second === "string" ? second : "";
}

function watch(owner, name, what, leaving) {
  const real = owner[name];
  owner[name] = function (...args) {
    const address = leaving(args);
    if (address !== undefined) refuse(what, address);
    return Reflect.apply(real, this, args);
  };
}

if (record) {
  const far = (host) => (isLoopback(host) ? undefined : host);
  // TLS, HTTP, fetch and WebSocket all connect by this one.
  watch(net.Socket.prototype, "connect", "net.connect", (args) => far(hostOf(args)));
  watch(dgram.Socket.prototype, "connect", "dgram.connect", (args) => far(hostOf(args)));
  watch(dgram.Socket.prototype, "send", "dgram.send", (args) =>
    far(args.slice(1).find((each) => typeof each === "string")),
  );
  for (const names of [dns, dns.promises]) {
    watch(names, "lookup", "dns.lookup", ([host]) => (net.isIP(host) ? undefined : far(host)));
    // All others ask a server, whatever they ask for.
    for (const owner of [names, names.Resolver.prototype]) {
      for (const name of Object.getOwnPropertyNames(owner)) {
        if (/^(resolve|reverse|lookupService)/.test(name))
          watch(owner, name, `dns.${name}`, ([host]) => host);
      }
    }
  }
  syncBuiltinESMExports();
}
