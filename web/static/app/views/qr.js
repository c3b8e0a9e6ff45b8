import { svg } from '../dom.js';
import encodeQR from '../vendor/qr/index.js';

const margin = 2; // modules of white around the code, so that cameras find its edge

/** A QR code as a drawing: dark modules as one path on white, whatever the theme. */
export function qrCode(text, label) {
  const modules = encodeQR(text, 'raw', { ecc: 'medium', border: margin });
  const size = modules.length;
  const path = modules.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return svg(
    'svg',
    { class: 'qr', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges' },
    svg('rect', { width: size, height: size, fill: '#ffffff' }),
    svg('path', { d: path, fill: '#000000' }),
  );
}
