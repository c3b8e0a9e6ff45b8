// A ts-mls member with one device's worth of state, and the few places where ts-mls has to be
// helped to speak RFC 9420; each is named in ../README.md.
import { createHash } from 'node:crypto';
import {
  createApplicationMessage, createCommit, createGroup, createProposal, decodeMlsMessage,
  defaultCapabilities, emptyPskIndex, encodeMlsMessage, generateKeyPackageWithKey,
  joinGroup, joinGroupExternal, mlsExporter, processPrivateMessage, processPublicMessage,
} from 'ts-mls';
import { createGroupInfoWithRatchetTree } from 'ts-mls/createCommit.js';
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import { ok } from './bytes.mjs';
import { cipherSuite, withLengthPrefix } from './suites.mjs';

const day = 86400n;

// The external pre-shared keys of ../peer/psk.go.
const preSharedKeys = {
  findPsk: (id) => (id.psktype === 'external' ? createHash('sha256').update(id.pskId).digest() : undefined),
};
const protocol = { version: 'mls10' };

export class Member {
  // unpadded: handshakes go without the padding of RFC 9420 §6.3.1, for peers that can not read it.
  static async create(suite, name, unpadded = false) {
    const m = new Member();
    m.unpadded = unpadded;
    m.cs = await cipherSuite(suite);
    m.credential = { credentialType: 'basic', identity: new TextEncoder().encode(name) };
    m.keys = await m.cs.signature.keygen();
    m.packages = [];
    return m;
  }

  async keyPackage() {
    const made = await this.freshKeyPackage();
    this.packages.push(made);
    return encodeMlsMessage({ ...protocol, wireformat: 'mls_key_package', keyPackage: made.publicPackage });
  }

  freshKeyPackage() {
    const now = BigInt(Math.floor(Date.now() / 1000));
    const capabilities = defaultCapabilities();
    if (!capabilities.ciphersuites.includes(this.cs.name)) capabilities.ciphersuites.push(this.cs.name);
    const lifetime = { notBefore: now - day, notAfter: now + 28n * day };
    return generateKeyPackageWithKey(this.credential, capabilities, lifetime, [], this.keys, this.cs);
  }

  async create(groupId) {
    const { publicPackage, privatePackage } = await this.freshKeyPackage();
    this.state = await createGroup(groupId, publicPackage, privatePackage, [], this.cs);
  }

  async join(bytes) {
    const { welcome } = parse(bytes, 'mls_welcome');
    const { publicPackage, privatePackage } = await this.packageFor(welcome);
    this.state = await joinGroup(welcome, publicPackage, privatePackage, preSharedKeys, this.cs);
  }

  async packageFor(welcome) {
    const refs = new Set(welcome.secrets.map((s) => Buffer.from(s.newMember).toString('hex')));
    for (const kp of this.packages) {
      const ref = await makeKeyPackageRef(kp.publicPackage, this.cs.hash);
      if (refs.has(Buffer.from(ref).toString('hex'))) return kp;
    }
    throw new Error('the welcome is for none of this member\'s key packages');
  }

  async joinExternal(bytes, resync) {
    const { groupInfo } = parse(bytes, 'mls_group_info');
    const { publicPackage, privatePackage } = await this.freshKeyPackage();
    const { publicMessage, newState } =
      await joinGroupExternal(groupInfo, publicPackage, privatePackage, resync, this.cs);
    this.next = newState;
    return encodeMlsMessage({ ...protocol, wireformat: 'mls_public_message', publicMessage });
  }

  async commit({ add = [], remove = [], psks = [], isPublic = false, aad }) {
    const extraProposals = [...remove.map(removeProposal), ...add.map(addProposal), ...psks.map(this.pskProposal, this)];
    const { newState, welcome, commit } = await createCommit({ state: this.forHandshake(), cipherSuite: this.cs, pskIndex: preSharedKeys }, {
      wireAsPublicMessage: isPublic, ratchetTreeExtension: true, extraProposals, authenticatedData: aad,
    });
    this.next = this.padded(newState);
    this.welcome = welcome && encodeMlsMessage({ ...protocol, wireformat: 'mls_welcome', welcome });
    return encodeMlsMessage(commit);
  }

  merge() {
    ok(this.next, 'nothing to merge');
    const { next, welcome } = this;
    this.discard();
    this.state = next;
    return welcome;
  }

  discard() {
    this.next = undefined;
    this.welcome = undefined;
  }

  async propose({ add, remove, isPublic = false }) {
    const proposal = add ? addProposal(add) : removeProposal(remove);
    const { newState, message } = await createProposal(this.forHandshake(), isPublic, proposal, this.cs);
    this.state = this.padded(newState);
    return encodeMlsMessage(message);
  }

  forHandshake() {
    if (!this.unpadded) return this.state;
    const clientConfig = { ...this.state.clientConfig, paddingConfig: { kind: 'alwaysPad', paddingLength: 0 } };
    return { ...this.state, clientConfig };
  }

  padded(state) {
    return { ...state, clientConfig: this.state.clientConfig };
  }

  pskProposal(pskId) {
    const pskNonce = this.cs.rng.randomBytes(this.cs.kdf.size);
    return { proposalType: 'psk', psk: { preSharedKeyId: { psktype: 'external', pskId, pskNonce } } };
  }

  // Not the library's processMessage: that forgets the pre-shared keys for a private message.
  async process(bytes) {
    const message = parse(bytes);
    const result = message.wireformat === 'mls_public_message'
      ? await processPublicMessage(this.state, message.publicMessage, preSharedKeys, this.cs)
      : await processPrivateMessage(this.state, message.privateMessage, preSharedKeys, this.cs);
    ok(result.kind !== 'applicationMessage', 'an application message where a handshake was expected');
    this.state = result.newState;
    return this.state.groupActiveState.kind === 'removedFromGroup';
  }

  async seal(aad, plaintext) {
    const { newState, privateMessage } = await createApplicationMessage(this.state, plaintext, this.cs, aad);
    this.state = newState;
    return encodeMlsMessage({ ...protocol, wireformat: 'mls_private_message', privateMessage });
  }

  async open(bytes) {
    const message = parse(bytes, 'mls_private_message');
    const result = await processPrivateMessage(this.state, message.privateMessage, emptyPskIndex, this.cs);
    ok(result.kind === 'applicationMessage', 'a handshake where an application message was expected');
    this.state = result.newState;
    return { plaintext: result.message, aad: message.privateMessage.authenticatedData };
  }

  // RFC 9420 §12.4.3.2: external_pub is struct { HPKEPublicKey external_pub; }, so the key carries
  // its own length; ts-mls's public helper leaves that out.
  async groupInfo() {
    const { publicKey } = await this.cs.hpke.deriveKeyPair(this.state.keySchedule.externalSecret);
    const externalPub = withLengthPrefix(await this.cs.hpke.exportPublicKey(publicKey));
    const groupInfo = await createGroupInfoWithRatchetTree(
      this.state.groupContext, this.state.confirmationTag, this.state, this.state.ratchetTree,
      [{ extensionType: 'external_pub', extensionData: externalPub }], this.cs);
    return encodeMlsMessage({ ...protocol, wireformat: 'mls_group_info', groupInfo });
  }

  async epoch(label, context, length) {
    const { groupContext, keySchedule, privatePath } = this.state;
    return {
      epoch: Number(groupContext.epoch),
      leaf: privatePath.leafIndex,
      authenticator: keySchedule.epochAuthenticator,
      exported: await mlsExporter(keySchedule.exporterSecret, label, context, length, this.cs),
    };
  }
}

export function parse(bytes, wireformat) {
  const decoded = decodeMlsMessage(bytes, 0);
  ok(decoded !== undefined, 'malformed MLSMessage');
  const [message, used] = decoded;
  ok(used === bytes.length, 'bytes after the MLSMessage');
  ok(!wireformat || message.wireformat === wireformat, `a ${message.wireformat} where a ${wireformat} was expected`);
  return message;
}

const addProposal = (bytes) =>
  ({ proposalType: 'add', add: { keyPackage: parse(bytes, 'mls_key_package').keyPackage } });
const removeProposal = (leaf) => ({ proposalType: 'remove', remove: { removed: leaf } });
