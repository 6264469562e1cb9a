// SPDX-License-Identifier: MIT
// What was recorded: the reader of a snapshot's form (tools/map_file.c), and what the numbers mean.
'use strict';

const KIND = { FREE: 0, HYPERVISOR: 1, DEVICE: 2, SHOWN: 3, OWNED: 4 };
const TYPES = ['none', 'L1 table', 'L2 table', 'L3 table', 'L4 table', 'descriptor page',
  'writable', 'shared'];
const WRITABLE = 6, SHARED = 7;
const FLAG = { ALLOCATED: 1, VALIDATED: 2, PARTIAL: 4, PINNED: 8, DEVICES: 16, NOT_COUNTED: 32 };
const PTE = { WRITE: 2, USER: 4, PWT: 8, PCD: 16, ACCESSED: 32, DIRTY: 64, PAT: 128, GLOBAL: 256,
  NX: 1 << 23 };
const HOLE_FIRST = 256, HOLE_LAST = 271; // the hypervisor's slots of an L4 table

const hex = (n) => '0x' + n.toString(16);
const count = (n) => n.toLocaleString('en');

class Reader {
  constructor(bytes) { this.bytes = bytes; this.at = 0; }
  number() { // up to 2^53; the format's 64 bits are not needed
    let n = 0, scale = 1;
    for (;;) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) { throw new Error('the recorded snapshot is cut off'); }
      n += (byte & 127) * scale;
      if (byte < 128) { return n; }
      scale *= 128;
    }
  }
  text() {
    const size = this.number();
    this.at += size;
    return new TextDecoder().decode(this.bytes.subarray(this.at - size, this.at));
  }
}

function readDomains(r) {
  const domains = [];
  for (let left = r.number(); left; left--) {
    const d = { id: r.number(), ended: !!r.number(), name: r.text(), vcpus: [] };
    for (let vcpus = r.number(); vcpus; vcpus--) {
      d.vcpus.push({ id: r.number(), kernel: r.number() - 1, user: r.number() - 1 });
    }
    domains.push(d);
  }
  return domains.sort((a, b) => a.id - b.id);
}

function readFrames(r, m) {
  m.states = [];
  for (let left = r.number(); left; left--) {
    m.states.push({ kind: r.number(), type: r.number(), flags: r.number(), owner: r.number(),
      references: r.number(), uses: r.number() });
  }
  m.state = new (m.states.length < 65536 ? Uint16Array : Uint32Array)(m.frames);
  let at = 0;
  for (let left = r.number(); left; left--) {
    const state = r.number(), length = r.number();
    m.state.fill(state, at, at + length);
    at += length;
  }
}

// The tables, and all their entries as runs in arrays of numbers.
function readTables(r, m) {
  const index = [], length = [], flags = [], target = [];
  let behind = 0;
  m.tables = [];
  for (let left = r.number(); left; left--) {
    const table = { frame: behind + r.number(), level: r.number(), owner: r.number(),
      first: index.length };
    const runs = r.number();
    table.gone = !runs;
    behind = table.frame + 1;
    for (let i = 0, next = 0, goal = 0; i < runs - 1; i++) {
      next += r.number();
      index.push(next);
      const n = r.number();
      length.push(n);
      flags.push(r.number());
      const distance = r.number();
      goal += distance % 2 ? -(distance + 1) / 2 : distance / 2;
      target.push(goal);
      goal += n;
      next += n;
    }
    table.end = index.length;
    m.tables.push(table);
  }
  m.runs = { index: Uint16Array.from(index), length: Uint16Array.from(length),
    flags: Uint32Array.from(flags), target: Float64Array.from(target) };
  m.tableAt = new Map(m.tables.map((table) => [table.frame, table]));
}

async function readSnapshot(text) {
  const packed = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed.subarray(8)]).stream()
    .pipeThrough(new DecompressionStream('deflate'));
  const r = new Reader(new Uint8Array(await new Response(stream).arrayBuffer()));
  const m = { label: r.text(), time: new Date(r.number() * 1000), frames: r.number(),
    tablesLeftOut: !!r.number(), coarse: 2 ** r.number() };
  m.domains = readDomains(r);
  readFrames(r, m);
  readTables(r, m);
  return m;
}

const domainOf = (m, id) => m.domains.find((d) => d.id === id);
const stateOf = (m, frame) => m.states[m.state[frame]];
const domainName = (m, id) => {
  const domain = domainOf(m, id);
  return 'd' + id + (domain && domain.name ? ' ' + domain.name : '') +
    (domain && domain.ended ? ' (ended)' : '');
};

function ownerText(m, state) {
  return ['free', 'the hypervisor', 'no RAM', 'the hypervisor, which shows it',
    domainName(m, state.owner)][state.kind];
}

const isCounted = (state) =>
  (state.kind === KIND.OWNED || state.kind === KIND.SHOWN) && !(state.flags & FLAG.NOT_COUNTED);

// The type as which a frame is used now: none while nothing counts.
const typeOf = (state) =>
  state.uses || state.flags & FLAG.NOT_COUNTED ? state.type : 0;

// What the frame table says; without the owner if that is domain `owner`.
function stateText(m, state, owner) {
  const parts = state.kind === KIND.OWNED && state.owner === owner ? [] : [ownerText(m, state)];
  if (state.kind === KIND.OWNED || state.kind === KIND.SHOWN) {
    parts.push(typeOf(state) ? TYPES[typeOf(state)] : 'no type');
    if (isCounted(state)) {
      parts.push(state.references + ' reference' + (state.references === 1 ? '' : 's'),
        state.uses + ' type reference' + (state.uses === 1 ? '' : 's'));
    }
    if (state.flags & FLAG.PINNED) { parts.push('pinned'); }
    if (state.flags & FLAG.PARTIAL) { parts.push('partial'); }
    if (state.flags & FLAG.DEVICES) { parts.push('maps devices'); }
  }
  return parts.join(', ');
}

const isDevice = (m, frame) => frame >= m.frames || stateOf(m, frame).kind === KIND.DEVICE;

function rightsText(flags) {
  let text = 'r' + (flags & PTE.WRITE ? 'w' : '-') + (flags & PTE.NX ? '-' : 'x') +
    (flags & PTE.USER ? 'u' : '-') + ' ' + (flags & PTE.ACCESSED ? 'A' : '-') +
    (flags & PTE.DIRTY ? 'D' : '-') + (flags & PTE.GLOBAL ? 'G' : '-');
  if (flags & PTE.PCD) { text += ' uc'; } else if (flags & PTE.PWT) { text += ' wc'; }
  return text;
}

// What one entry counts: [references, type references], and the reason in words.
function counts(m, level, index, flags, target) {
  if (level === 4 && index >= HOLE_FIRST && index <= HOLE_LAST) {
    return [0, 0, "a slot of the hypervisor's: not counted"];
  }
  if (isDevice(m, target)) { return [0, 0, 'no RAM: not counted']; }
  if (level > 1) { return [1, 1, 'counts 1 reference, and 1 as L' + (level - 1) + ' table']; }
  if (flags & PTE.WRITE) {
    const type = stateOf(m, target).type === SHARED ? 'shared' : 'writable';
    return [1, 1, 'counts 1 reference, and 1 as ' + type];
  }
  return [1, 0, 'counts 1 reference; read-only, so no use of a type'];
}

// All entries that map a frame: [{table, index, flags}].
function mappersOf(m, frame) {
  const found = [], { index, length, flags, target } = m.runs;
  for (const table of m.tables) {
    for (let i = table.first; i < table.end; i++) {
      if (target[i] <= frame && frame < target[i] + length[i]) {
        found.push({ table, index: index[i] + (frame - target[i]), flags: flags[i] });
      }
    }
  }
  return found;
}

// The entry of a table, or null if it is not present: {flags, target}.
function entryOf(m, table, index) {
  for (let i = table.first; i < table.end; i++) {
    const offset = index - m.runs.index[i];
    if (offset >= 0 && offset < m.runs.length[i]) {
      return { flags: m.runs.flags[i], target: m.runs.target[i] + offset };
    }
  }
  return null;
}

// Which vCPUs have a frame as a root, in words.
function rootsOf(m, frame) {
  const found = [];
  for (const d of m.domains) {
    for (const v of d.vcpus) {
      if (v.kernel === frame) { found.push('kernel root of ' + domainName(m, d.id) + ' vCPU ' + v.id); }
      if (v.user === frame) { found.push('user root of ' + domainName(m, d.id) + ' vCPU ' + v.id); }
    }
  }
  return found;
}
