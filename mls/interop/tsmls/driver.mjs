// ts-mls as a peer that another process drives: one JSON object a line on standard input, one a line
// back, in the same order. Byte strings are base64. See ../peer/tsmls.go for the other end.
import readline from 'node:readline';
import { fromBase64, toBase64 } from './bytes.mjs';
import { Member } from './member.mjs';
import { asShipped, derivedKey } from './shipped.mjs';
import { cipherSuite, supported } from './suites.mjs';
import { time } from './time.mjs';

const members = new Map();
const memberOf = ({ member }) => {
  const found = members.get(member);
  if (!found) throw new Error(`no member ${member}`);
  return found;
};

const operations = {
  suites: () => ({ suites: supported }),
  member: async ({ member, suite, name, unpadded }) => {
    members.set(member, await Member.create(suite, name, unpadded));
  },
  drop: ({ member }) => { members.delete(member); },
  keyPackage: async (r) => ({ message: await memberOf(r).keyPackage() }),
  create: async (r) => { await memberOf(r).create(fromBase64(r.groupId)); },
  join: async (r) => { await memberOf(r).join(fromBase64(r.message)); },
  joinExternal: async (r) => ({ message: await memberOf(r).joinExternal(fromBase64(r.message), r.resync) }),
  commit: async (r) => ({
    message: await memberOf(r).commit({
      add: r.add?.map(fromBase64), remove: r.remove, psks: r.psks?.map(fromBase64), isPublic: r.public, aad: fromBase64(r.aad ?? ''),
    }),
  }),
  merge: (r) => ({ message: memberOf(r).merge() }),
  discard: (r) => { memberOf(r).discard(); },
  propose: async (r) => ({
    message: await memberOf(r).propose({ add: fromBase64(r.add?.[0]), remove: r.remove?.[0], isPublic: r.public }),
  }),
  process: async (r) => ({ removed: await memberOf(r).process(fromBase64(r.message)) }),
  seal: async (r) => ({ message: await memberOf(r).seal(fromBase64(r.aad ?? ''), fromBase64(r.plaintext ?? '')) }),
  open: (r) => memberOf(r).open(fromBase64(r.message)),
  groupInfo: async (r) => ({ message: await memberOf(r).groupInfo() }),
  asShipped: (r) => asShipped(r.suite, fromBase64(r.message)),
  deriveKeyPair: async (r) => ({ message: await derivedKey(await cipherSuite(r.suite), fromBase64(r.message)) }),
  time: async (r) => ({
    nanoseconds: await time(r.name, memberOf(r), members.get(r.other), fromBase64(r.message), fromBase64(r.plaintext), r.length),
  }),
  epoch: (r) => memberOf(r).epoch(r.label, fromBase64(r.context), r.length),
};

async function answer(line) {
  try {
    const request = JSON.parse(line);
    const operation = operations[request.op];
    if (!operation) throw new Error(`no operation ${request.op}`);
    return { ...(await operation(request)) };
  } catch (e) {
    return { error: `${e?.name ?? 'Error'}: ${e?.message ?? e}` };
  }
}

const encode = (_key, value) => (value instanceof Uint8Array ? toBase64(value) : value);

// The loop takes one request at a time, so a member never sees two at once.
for await (const line of readline.createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line), encode)}\n`);
}
