// What ts-mls does without our help, for the tests that show the help is still needed.
import {
  createGroup, createGroupInfoWithExternalPub, defaultCapabilities, defaultLifetime, generateKeyPackage,
} from 'ts-mls';
import { shippedSuite } from './suites.mjs';

export async function asShipped(suite, ikm) {
  const cs = await shippedSuite(suite);
  const credential = { credentialType: 'basic', identity: new Uint8Array([1]) };
  const { publicPackage, privatePackage } =
    await generateKeyPackage(credential, defaultCapabilities(), defaultLifetime, [], cs);
  const group = await createGroup(new Uint8Array([1]), publicPackage, privatePackage, [], cs);
  const info = await createGroupInfoWithExternalPub(group, [], cs);
  return {
    message: await derivedKey(cs, ikm),
    signatureKey: publicPackage.leafNode.signaturePublicKey,
    externalPub: info.extensions.find((e) => e.extensionType === 'external_pub').extensionData,
  };
}

// The public key that DeriveKeyPair makes of ikm.
export async function derivedKey(cs, ikm) {
  const { publicKey } = await cs.hpke.deriveKeyPair(ikm);
  return cs.hpke.exportPublicKey(publicKey);
}
