// SPDX-License-Identifier: MIT
// Everything beside the map: the legend, one frame, the journey of an address, the tree of tables.

const snapshots = [], maps = [];
const element = (id) => document.getElementById(id);
const make = (name, text, className) => {
  const e = document.createElement(name);
  if (text !== undefined) { e.textContent = text; }
  if (className) { e.className = className; }
  return e;
};
const isPair = () => snapshots.length > 1;
const now = () => snapshots[snapshots.length - 1];

function frameButton(frame) {
  const button = make('button', hex(frame), 'frame');
  button.type = 'button';
  button.title = 'show this frame';
  button.addEventListener('click', () => choose(frame, true));
  return button;
}

function hover(frame) {
  const lines = snapshots.filter((m) => frame < m.frames).map((m, i) =>
    (isPair() ? ['before: ', 'after: '][i] : '') + stateText(m, stateOf(m, frame)));
  element('hover').textContent = 'Frame ' + hex(frame) + ' (address ' + hex(frame * 4096) + '): ' +
    lines.join('; ');
}

// ---- the legend, and what changed ---------------------------------------------------------------

function drawLegend() {
  const rows = new Map();
  maps.forEach((map, i) => {
    const totals = new Float64Array(map.looks.length);
    for (const n of map.numbers) { totals[n]++; }
    map.looks.forEach((look, n) => {
      if (!rows.has(look[0])) { rows.set(look[0], { look, totals: [0, 0] }); }
      rows.get(look[0]).totals[i] = totals[n];
    });
  });
  const legend = element('legend'), two = isPair() && view.by !== 'change';
  const body = make('tbody');
  const order = [...Object.values(LOOKS), ...STEPS, ...Object.values(CHANGES)].map((look) => look[0]);
  const place = (name) => order.indexOf(name) < 0 ? 90 : order.indexOf(name);
  for (const { look, totals } of [...rows.values()].sort((a, b) => place(a.look[0]) - place(b.look[0]))) {
    const row = make('tr'), name = make('th');
    name.scope = 'row';
    name.style.fontWeight = 'normal';
    name.innerHTML = swatch(look) + ' ';
    name.append(look[0]);
    row.append(name, make('td', count(totals[0]), 'n'));
    row.dataset.look = look[0];
    row.dataset.frames = totals[0];
    if (two) {
      row.append(make('td', count(totals[1]), 'n'), make('td', signed(totals[1] - totals[0]), 'n'));
    }
    row.append(make('td', size(totals[0]), 'n'));
    body.append(row);
  }
  const head = make('thead'), titles = make('tr');
  titles.append(make('th', { type: 'type', owner: 'owner', count: 'references',
    change: 'changed' }[view.by]));
  (two ? ['before', 'after', 'change', 'memory before'] : ['frames', 'memory']).forEach((t) =>
    titles.append(make('th', t, 'n')));
  head.append(titles);
  legend.replaceChildren(legend.caption, head, body);
}

const signed = (n) => n > 0 ? '+' + count(n) : n < 0 ? '−' + count(-n) : '0';
const size = (frames) => frames >= 256 ? count(Math.round(frames / 25.6) / 10) + ' MiB'
  : count(frames * 4) + ' KiB';

// From what to what frames have changed, the most frequent first.
function drawChanges() {
  if (!isPair()) { return; }
  const [a, b] = snapshots, kinds = new Map();
  const what = (m, state) => state.kind === KIND.OWNED || state.kind === KIND.SHOWN
    ? ownerText(m, state) + ', ' + (typeOf(state) ? TYPES[typeOf(state)] : 'no type')
    : ownerText(m, state);
  for (let i = 0; i < Math.min(a.frames, b.frames); i++) {
    const from = a.states[a.state[i]], to = b.states[b.state[i]];
    const change = changeOf(from, to);
    if (change === 'owner' || change === 'type') {
      const key = what(a, from) + ' → ' + what(b, to);
      const known = kinds.get(key) || { n: 0, first: i };
      known.n++;
      kinds.set(key, known);
    }
  }
  const table = make('table'), body = make('tbody');
  table.append(make('caption', 'Frames with another owner or type, and the first of each kind'), body);
  for (const [key, { n, first }] of [...kinds].sort((x, y) => y[1].n - x[1].n).slice(0, 40)) {
    const row = make('tr'), where = make('td');
    where.append(frameButton(first));
    row.append(make('td', key), make('td', count(n), 'n'), where);
    body.append(row);
  }
  if (!kinds.size) { body.append(make('tr', 'none')); }
  element('changes').replaceChildren(make('h3', 'What became of the frames'), table);
}

// ---- one frame ----------------------------------------------------------------------------------

function reasonRow(what, references, uses) {
  const row = make('tr'), cell = make('td');
  cell.append(...[].concat(what));
  row.append(cell, make('td', references === '' ? '' : String(references), 'n'),
    make('td', uses === '' ? '' : String(uses), 'n'));
  return row;
}

// The reasons for which a frame's counts are what they are.
function drawReasons(m, frame, state, mappers) {
  const table = make('table'), body = make('tbody'), head = make('thead');
  const sum = [0, 0];
  const add = (what, references, uses) => {
    sum[0] += references;
    sum[1] += uses;
    body.append(reasonRow(what, references, uses));
  };
  head.append(reasonRow('why it counts', 'references', 'type references'));
  if (state.flags & FLAG.ALLOCATED) {
    add(state.kind === KIND.SHOWN ? 'the hypervisor has it' : 'its owner has it', 1, 0);
  }
  if (state.flags & FLAG.PINNED) { add('it is pinned', 1, 1); }
  for (const root of rootsOf(m, frame)) { add(root, 1, 1); }
  if (state.flags & FLAG.PARTIAL) { add('it is partial', 1, 1); }
  let references = 0, uses = 0;
  for (const { table: t, index, flags } of mappers) {
    const [r, u] = counts(m, t.level, index, flags, frame);
    references += r;
    uses += u;
  }
  add(count(mappers.length) + (mappers.length === 1 ? ' entry maps it' : ' entries map it'),
    references, uses);
  const rest = [state.references - sum[0], state.uses - sum[1]];
  if (rest[0] || rest[1]) {
    add(m.tablesLeftOut ? 'entries of tables that are not in this page, grants, holds'
      : 'the hypervisor holds it, a grant, a descriptor table, or work in progress', rest[0], rest[1]);
  }
  const last = reasonRow('together', state.references, state.uses);
  last.className = 'sum';
  body.append(last);
  table.append(head, body);
  return table;
}

function drawMappers(m, mappers, frame) {
  const list = make('ul', undefined, 'plain');
  for (const { table, index, flags } of mappers.slice(0, 500)) {
    const item = make('li'), [, , why] = counts(m, table.level, index, flags, frame);
    item.append('entry ' + index + ' of L' + table.level + ' table ', frameButton(table.frame),
      ' (d' + table.owner + '), ', make('code', rightsText(flags)), ': ' + why);
    list.append(item);
  }
  if (mappers.length > 500) { list.append(make('li', 'and ' + count(mappers.length - 500) + ' more')); }
  const box = make('div', undefined, 'scroll');
  box.tabIndex = 0;
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', 'Entries that map the frame');
  box.append(list);
  return box;
}

function drawFrameOf(m, frame, title) {
  const part = document.createDocumentFragment();
  if (title) { part.append(make('h3', title)); }
  if (frame >= m.frames) {
    part.append(make('p', 'Not in the frame table: no RAM.'));
    return part;
  }
  const state = stateOf(m, frame), mappers = mappersOf(m, frame);
  part.append(make('p', stateText(m, state)));
  if (isCounted(state)) { part.append(drawReasons(m, frame, state, mappers)); }
  if (mappers.length) { part.append(drawMappers(m, mappers, frame)); }
  if (m.tableAt.has(frame)) {
    const button = make('button', 'Open this table');
    button.type = 'button';
    button.addEventListener('click', () => { openTable(m, frame); });
    part.append(button);
  }
  return part;
}

function choose(frame, walk) {
  const box = element('frame');
  view.chosen = frame;
  element('frame-heading').textContent = 'Frame ' + hex(frame);
  element('search-text').value = hex(frame);
  box.replaceChildren(...snapshots.map((m, i) =>
    drawFrameOf(m, frame, isPair() ? ['Before', 'After'][i] : '')));
  if (frame < now().frames) {
    view.cursor = frame;
    hover(frame);
  }
  showCursor();
  if (walk) { box.focus({ preventScroll: false }); }
}

// A number as people write it: 0x in front, or decimal. NaN: it is none.
function numberOf(text) {
  const t = text.trim().replace(/[_'` ]/g, '');
  return /^0x[0-9a-f]{1,16}$/i.test(t) || /^[0-9]{1,20}$/.test(t) ? BigInt(t) : null;
}

function search() {
  const n = numberOf(element('search-text').value);
  if (n === null) {
    element('frame').replaceChildren(make('p', 'Write a number, such as 0x42c3 or 17091.', 'error'));
    return;
  }
  const frames = BigInt(Math.max(...snapshots.map((m) => m.frames)));
  const frame = n < frames ? n : n >> 12n;
  if (frame >= 1n << 40n) {
    element('frame').replaceChildren(make('p', 'No machine has a frame of that number.', 'error'));
    return;
  }
  choose(Number(frame));
}

// ---- the journey of an address ------------------------------------------------------------------

function fillRoots() {
  const select = element('journey-root');
  const named = new Set();
  snapshots.forEach((m, i) => {
    const group = isPair() ? make('optgroup') : select;
    if (isPair()) { group.label = ['Before', 'After'][i]; select.append(group); }
    const option = (frame, text) => {
      const o = make('option', text);
      o.value = i + ':' + frame;
      group.append(o);
      named.add(i + ':' + frame);
    };
    for (const d of m.domains) {
      for (const v of d.vcpus) {
        if (v.kernel >= 0) {
          option(v.kernel, domainName(m, d.id) + ' vCPU ' + v.id + ' kernel ' + hex(v.kernel));
        }
        if (v.user >= 0) {
          option(v.user, domainName(m, d.id) + ' vCPU ' + v.id + ' user ' + hex(v.user));
        }
      }
    }
    for (const t of m.tables) {
      if (t.level === 4 && !named.has(i + ':' + t.frame)) {
        option(t.frame, domainName(m, t.owner) + ' L4 ' + hex(t.frame));
      }
    }
  });
}

function drawBits(address) {
  const bits = make('div', undefined, 'bits');
  for (let level = 4; level >= 0; level--) {
    const part = make('div'), wide = level ? 9 : 12;
    const shift = BigInt(level ? 12 + 9 * (level - 1) : 0);
    const value = Number(address >> shift & (1n << BigInt(wide)) - 1n);
    part.append(make('b', level ? String(value) : hex(value)), level ? 'L' + level + ' entry' : 'byte');
    part.title = 'bits ' + (Number(shift) + wide - 1) + ' to ' + shift;
    bits.append(part);
  }
  return bits;
}

function journeyStep(m, level, frame, index, entry) {
  const item = make('li');
  item.append('L' + level + ' table ', frameButton(frame), ', entry ' + index + ': ');
  if (!entry) {
    item.append(make('b', 'not present'));
    return item;
  }
  item.append(make('code', rightsText(entry.flags)), ' → frame ', frameButton(entry.target), '; ' +
    counts(m, level, index, entry.flags, entry.target)[2]);
  return item;
}

function walkAddress(m, root, address, list) {
  const rights = { write: true, user: true, execute: true };
  let frame = root;
  for (let level = 4; level >= 1; level--) {
    const index = Number(address >> BigInt(12 + 9 * (level - 1)) & 511n);
    const table = m.tableAt.get(frame);
    if (!table || table.gone || table.level !== level) {
      list.append(make('li', hex(frame) + ' is not among the L' + level + ' tables of this page.'));
      return;
    }
    const entry = entryOf(m, table, index);
    list.append(journeyStep(m, level, frame, index, entry));
    if (!entry) {
      list.append(make('li', 'The address is not mapped: an access faults.'));
      return;
    }
    if (level === 4 && index >= HOLE_FIRST && index <= HOLE_LAST) {
      list.append(make('li', "The rest is the hypervisor's own."));
      return;
    }
    rights.write &&= !!(entry.flags & PTE.WRITE);
    rights.user &&= !!(entry.flags & PTE.USER);
    rights.execute &&= !(entry.flags & PTE.NX);
    frame = entry.target;
  }
  const end = make('li'), state = frame < m.frames && stateOf(m, frame);
  end.append('byte ' + hex(Number(address & 4095n)) + ' of frame ', frameButton(frame), ': ' +
    (state ? stateText(m, state) : 'no RAM') + '. A guest may read' +
    (rights.write ? ', write' : '') + (rights.execute ? ', execute' : '') + ' it' +
    (rights.user ? '.' : ' in kernel mode only.'));
  list.append(end);
}

function journey() {
  const list = element('journey'), [snapshot, root] = element('journey-root').value.split(':').map(Number);
  const address = numberOf(element('journey-text').value);
  const top = address === null ? 0n : address >> 47n;
  list.replaceChildren();
  if (address === null || (top !== 0n && top !== 0x1ffffn)) {
    list.append(make('li', address === null ? 'Write an address, such as 0xffffffff81000000.'
      : 'Not canonical: bits 48 to 63 must be as bit 47 is.', 'error'));
    return;
  }
  const first = make('li');
  first.append('the address, ' + hex(address), drawBits(address));
  list.append(first);
  walkAddress(snapshots[snapshot], root, address, list);
}
