// As much of CBOR (RFC 8949) as the client's records use: integers, byte and text strings, arrays,
// maps, and the simple values.

/** Decodes one item; maps become Map. */
export function decode(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  function argument(info) {
    if (info < 24) return info;
    const size = { 24: 1, 25: 2, 26: 4, 27: 8 }[info];
    if (!size) throw new Error(`cbor: length ${info}`);
    const value = size === 8 ? Number(view.getBigUint64(at)) : view[`getUint${size * 8}`](at);
    at += size;
    return value;
  }

  function item() {
    const first = view.getUint8(at++);
    const [major, info] = [first >> 5, first & 31];
    if (major === 7) return { 20: false, 21: true, 22: null }[info];
    const n = argument(info);
    switch (major) {
      case 0:
        return n;
      case 1:
        return -1 - n;
      case 2:
        return bytes.subarray(at, (at += n));
      case 3:
        return Buffer.from(bytes.subarray(at, (at += n))).toString('utf8');
      case 4:
        return Array.from({ length: n }, item);
      case 5:
        return new Map(Array.from({ length: n }, () => [item(), item()]));
      default:
        throw new Error(`cbor: type ${major}`);
    }
  }

  return item();
}
