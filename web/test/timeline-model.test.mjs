// The window over a conversation: what is loaded may be long, what has nodes on the page is not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimelineModel, windowSize } from '../static/app/timeline-model.js';

const message = (position, more = {}) => ({ id: `m${position}`, position, own: false, kind: 'text', ...more });
const range = (from, to) => Array.from({ length: to - from }, (_, i) => message(from + i));
const positions = (model) => model.visible.map((m) => m.position);

test('a long conversation keeps a bounded window at its end', () => {
  const model = new TimelineModel();
  model.load({ messages: range(0, 1000), more: true });
  assert.equal(model.visible.length, windowSize);
  assert.equal(model.visible.at(-1).position, 999);
  model.upsert([message(1000)]);
  assert.equal(model.visible.length, windowSize);
  assert.equal(model.visible.at(-1).position, 1000);
});

test('messages that come while the reader is further up do not move the window', () => {
  const model = new TimelineModel();
  model.load({ messages: range(0, 1000), more: false });
  while (model.showOlder());
  const before = positions(model);
  assert.equal(before[0], 0);
  assert.equal(before.length, windowSize);
  model.upsert([message(1000), message(1001)]);
  assert.deepEqual(positions(model), before);
  assert.equal(model.atNewest, false);
});

test('reading up and down again passes every message once', () => {
  const model = new TimelineModel();
  model.load({ messages: range(500, 1000), more: true });
  while (model.showOlder());
  model.load({ messages: range(0, 500), more: false });
  assert.equal(model.visible[0].position, 500, 'what was in view stays in view');
  while (model.showOlder());
  const seen = new Set(positions(model));
  while (model.showNewer()) for (const p of positions(model)) seen.add(p);
  assert.equal(seen.size, 1000);
  assert.equal(model.atNewest, true);
});

test('a message that is sent moves to its place in the log and is there once', () => {
  const model = new TimelineModel();
  model.load({ messages: [message(1), message(2)], more: false });
  model.upsert([{ id: 'own', position: 1e15, own: true, kind: 'text', state: 'pending' }]);
  model.upsert([message(3)]);
  assert.deepEqual(model.visible.map((m) => m.id), ['m1', 'm2', 'm3', 'own']);
  model.upsert([{ id: 'own', position: 4, own: true, kind: 'text', state: 'sent' }, message(5)]);
  assert.deepEqual(model.visible.map((m) => m.id), ['m1', 'm2', 'm3', 'own', 'm5']);
});

test('events that overtake the answer to open are not lost and not doubled', () => {
  const model = new TimelineModel();
  model.upsert([message(9)]);
  model.load({ messages: range(5, 10), more: true });
  assert.deepEqual(positions(model), [5, 6, 7, 8, 9]);
});

test('a discarded message goes, and the window follows the end', () => {
  const model = new TimelineModel();
  model.load({ messages: range(0, 3), more: false });
  model.remove(['m2']);
  assert.deepEqual(positions(model), [0, 1]);
  assert.equal(model.atNewest, true);
});

test('"new messages" begin at the first unread one that somebody else wrote', () => {
  const model = new TimelineModel();
  model.load({ messages: [message(1), message(2, { own: true }), message(3), message(4, { kind: 'notice' }), message(5)], more: false });
  assert.equal(model.firstUnread(0), null);
  assert.equal(model.firstUnread(1), 'm5');
  assert.equal(model.firstUnread(2), 'm3');
  assert.equal(model.firstUnread(50), 'm1', 'more unread than loaded: from the first one there is');
});
