// The cipher suites, and what the hybrid one needs beyond ts-mls as it comes.
import { ciphersuites, getCiphersuiteFromName, getCiphersuiteImpl } from 'ts-mls';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { shake256 } from 'mlkem';

export const hybrid = 0xf07a;
const hybridKem = 0x647a;
const nameOf = new Map(Object.entries(ciphersuites).map(([name, id]) => [id, name]));

// Suites of RFC 9420 §17.1 that ts-mls has, and the hybrid one under its private-use number.
export const supported = [1, 2, 3, 4, 5, 6, 7, hybrid];

const made = new Map();
export function cipherSuite(id) {
  if (!made.has(id)) made.set(id, id === hybrid ? makeHybrid() : makeRegistered(id));
  return made.get(id);
}

async function makeRegistered(id) {
  return uncompressedKeys(await acceptPrefixedKeys(await shippedSuite(id)), id);
}

// shippedSuite is ts-mls without any help of ours. It writes a suite it does not know as the number that
// the name spells, so the private-use code point needs no change in the library; its X-Wing is KEM 0x647a.
export async function shippedSuite(id) {
  if (id === hybrid) {
    return getCiphersuiteImpl({
      name: String(hybrid), hash: 'SHA-256', signature: 'Ed25519',
      hpke: { kem: 'X-Wing', kdf: 'HKDF-SHA256', aead: 'AES128GCM' },
    });
  }
  const name = nameOf.get(id);
  if (!name || !supported.includes(id)) throw new Error(`ts-mls has no cipher suite ${id}`);
  return getCiphersuiteImpl(getCiphersuiteFromName(name));
}

// RFC 9420 §5.1.1: ECDSA public keys are uncompressed points; ts-mls makes compressed ones.
function uncompressedKeys(cs, id) {
  const curve = new Map([[2, p256], [5, p521], [7, p384]]).get(id);
  if (!curve) return cs;
  const keygen = async () => {
    const signKey = curve.utils.randomSecretKey();
    return { signKey, publicKey: curve.getPublicKey(signKey, false) };
  };
  return { ...cs, signature: { ...cs.signature, keygen } };
}

// Of the hybrid suite only DeriveKeyPair differs between the drafts.
async function makeHybrid() {
  const cs = await shippedSuite(hybrid);
  const deriveKeyPair = (ikm) => keyPairFromSeed(cs.hpke, labeledDerive(ikm, 'DeriveKeyPair', 32));
  return acceptPrefixedKeys({ ...cs, hpke: { ...cs.hpke, deriveKeyPair } });
}

// draft-ietf-hpke-pq: DeriveKeyPair(ikm) = SHAKE256.LabeledDerive(ikm, "DeriveKeyPair", "", 32);
// draft-connolly-cfrg-xwing-kem, which @hpke/hybridkem-x-wing follows: SHAKE256(ikm, 32).
function labeledDerive(ikm, label, length) {
  const suiteId = [...Buffer.from('KEM'), hybridKem >> 8, hybridKem & 0xff];
  const prefixed = [label.length >> 8, label.length & 0xff, ...Buffer.from(label)];
  return shake256.create({ dkLen: length })
    .update(Uint8Array.from([...ikm, ...Buffer.from('HPKE-v1'), ...suiteId, ...prefixed, length >> 8, length & 0xff]))
    .digest();
}

async function keyPairFromSeed(hpke, seed) {
  const privateKey = await hpke.importPrivateKey(seed);
  const publicKey = await publicKeyOf(seed);
  return { privateKey, publicKey: await hpke.importPublicKey(publicKey) };
}

let xwing;
async function publicKeyOf(seed) {
  const { XWing } = await import('@hpke/hybridkem-x-wing');
  xwing ??= new XWing();
  await xwing._setup();
  const { publicKey } = await xwing.generateKeyPairDerand(seed);
  return new Uint8Array(await xwing.serializePublicKey(publicKey));
}

// The other half of the external_pub repair in member.mjs: ts-mls hands the extension's data to the
// KEM as it stands, so the length in front of the key is taken off here.
async function acceptPrefixedKeys(cs) {
  const { publicKey } = await cs.hpke.generateKeyPair();
  const size = (await cs.hpke.exportPublicKey(publicKey)).length;
  const importPublicKey = (key) => cs.hpke.importPublicKey(key.length > size ? key.slice(key.length - size) : key);
  return { ...cs, hpke: { ...cs.hpke, importPublicKey } };
}

// RFC 9420 §2.1.2: variable-size vector lengths.
export function withLengthPrefix(bytes) {
  const n = bytes.length;
  return Uint8Array.from(n < 64 ? [n, ...bytes] : [0x40 | (n >> 8), n & 0xff, ...bytes]);
}
