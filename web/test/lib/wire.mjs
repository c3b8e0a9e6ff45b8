// A wire between a browser and the server that a test can listen on and cut. It passes bytes on
// untouched and keeps them; WebSocket frames of the browser are masked, so `heard` unmasks them.
import net from 'node:net';
import zlib from 'node:zlib';

export class Wire {
  #server;
  #sockets = new Set();
  #records = []; // one per connection: {up: [Buffer], down: [Buffer]}
  #cut = false;
  #refused = null;

  static async to(port) {
    const wire = new Wire();
    wire.#server = net.createServer((browser) => wire.#join(browser, port));
    await new Promise((resolve) => wire.#server.listen(0, '127.0.0.1', resolve));
    wire.port = wire.#server.address().port;
    wire.url = `http://127.0.0.1:${wire.port}/`;
    return wire;
  }

  #join(browser, port) {
    if (this.#cut) return browser.destroy();
    const server = net.connect(port, '127.0.0.1');
    const record = { up: [], down: [] };
    this.#records.push(record);
    this.#pass(browser, server, record.up);
    this.#pass(server, browser, record.down);
  }

  #pass(from, to, kept) {
    this.#sockets.add(from);
    from.on('data', (chunk) => {
      if (this.#refused && chunk.includes(`GET ${this.#refused} `)) return from.destroy();
      kept.push(chunk);
      to.write(chunk);
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => (this.#sockets.delete(from), to.destroy()));
  }

  /** Cuts every connection and refuses new ones, as when a train enters a tunnel. */
  cut() {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Lets nobody get at a path: what is asked there ends the connection. */
  refuse(path) {
    this.#refused = path;
  }

  mend() {
    this.#cut = false;
    this.#refused = null;
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** All that was said: the raw bytes of each connection and direction, and the payloads of WebSocket messages. */
  heard() {
    const raw = this.#records.flatMap(({ up, down }) => [Buffer.concat(up), Buffer.concat(down)]);
    return { raw, frames: this.#records.flatMap(webSocketPayloads) };
  }
}

// A connection that was upgraded speaks WebSocket frames (RFC 6455, section 5.2) after the headers.
function webSocketPayloads({ up, down }) {
  const [asked, answered] = [Buffer.concat(up), Buffer.concat(down)];
  const start = asked.lastIndexOf('Upgrade: websocket');
  if (start < 0 || !answered.includes('101 Switching Protocols')) return [];
  const after = (bytes, from) => bytes.subarray(bytes.indexOf('\r\n\r\n', from) + 4);
  return [
    ...framesOf(after(asked, start)),
    ...framesOf(after(answered, answered.indexOf('101 Switching Protocols'))),
  ];
}

function framesOf(bytes) {
  const payloads = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const compressed = (bytes[at] & 0x40) !== 0;
    const masked = (bytes[at + 1] & 0x80) !== 0;
    let length = bytes[at + 1] & 0x7f;
    at += 2;
    if (length === 126) [length, at] = [bytes.readUInt16BE(at), at + 2];
    else if (length === 127) [length, at] = [Number(bytes.readBigUInt64BE(at)), at + 8];
    const mask = masked ? bytes.subarray(at, (at += 4)) : null;
    const payload = Buffer.from(bytes.subarray(at, at + length));
    if (mask) for (let i = 0; i < payload.length; i++) payload[i] ^= mask[i & 3];
    payloads.push(compressed ? zlib.inflateRawSync(payload, { finishFlush: zlib.constants.Z_SYNC_FLUSH }) : payload);
    at += length;
  }
  return payloads;
}
