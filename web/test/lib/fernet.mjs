// Fernet by the text of its specification, on node:crypto alone: an implementation that shares no
// line with ours.
import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';

/** Opens a token (base64url text) with a 32-byte key, or returns null when it does not fit. */
export function openToken(key, token) {
  const raw = Buffer.from(token, 'base64url');
  if (raw.length < 73 || raw[0] !== 0x80 || (raw.length - 57) % 16 !== 0) return null;
  const signed = raw.subarray(0, -32);
  const mac = createHmac('sha256', key.subarray(0, 16)).update(signed).digest();
  if (!timingSafeEqual(mac, raw.subarray(-32))) return null;
  const decipher = createDecipheriv('aes-128-cbc', key.subarray(16), signed.subarray(9, 25));
  return Buffer.concat([decipher.update(signed.subarray(25)), decipher.final()]);
}
