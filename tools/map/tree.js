// SPDX-License-Identifier: MIT
// The tree of a domain's page tables, from L4 to the page; and the start of the page.

const ROWS_MOST = 2000; // items made at a time

// The first address below an entry, with the sign extended.
function entryAddress(base, level, index) {
  const address = base + (BigInt(index) << BigInt(12 + 9 * (level - 1)));
  return address >> 47n & 1n ? address | 0xffff000000000000n : address;
}

function treeItem(level, setSize) {
  const item = make('li');
  item.setAttribute('role', 'treeitem');
  item.setAttribute('aria-level', String(level));
  item.tabIndex = -1;
  item.dataset.depth = level;
  item.append(make('div', undefined, 'row'));
  return item;
}

const rowOf = (item) => item.firstChild;

function expandable(item, fill) {
  item.setAttribute('aria-expanded', 'false');
  item.fill = fill;
}

function expand(item, open) {
  if (!item.fill || (item.getAttribute('aria-expanded') === 'true') === open) { return; }
  if (open && !item.children[1]) {
    const group = make('ul');
    group.setAttribute('role', 'group');
    item.append(group);
    item.fill(group);
  }
  if (item.children[1]) { item.children[1].hidden = !open; }
  item.setAttribute('aria-expanded', String(open));
}

// One entry, or `length` entries of an L1 table whose frames follow one another.
function entryItem(m, depth, where, run) {
  const { level, base } = where, { index, length, flags, target } = run;
  const item = treeItem(depth), address = entryAddress(base, level, index);
  const hole = level === 4 && index >= HOLE_FIRST && index <= HOLE_LAST;
  const state = target < m.frames && stateOf(m, target);
  const range = length > 1 ? index + '–' + (index + length - 1) : String(index);
  rowOf(item).append(make('span', range), make('span', hex(address)),
    make('span', rightsText(flags), 'rights'),
    make('span', '→ ' + hex(target) + (length > 1 ? '–' + hex(target + length - 1) : '')),
    make('span', hole ? "a slot of the hypervisor's: not counted"
      : length > 1 ? length + ' pages that follow one another; each ' + counts(m, level, index, flags, target)[2]
        : (state ? stateText(m, state, where.owner) : 'no RAM') + '; ' + counts(m, level, index, flags, target)[2], 'why'));
  item.frame = target;
  if (length > 1) {
    expandable(item, (group) => {
      for (let i = 0; i < length; i++) {
        group.append(entryItem(m, depth + 1, where, { index: index + i, length: 1, flags, target: target + i }));
      }
    });
  } else if (level > 1 && !hole && m.tableAt.has(target)) {
    expandable(item, (group) => fillTable(m, group, depth + 1, m.tableAt.get(target), address));
  }
  return item;
}

function fillTable(m, group, depth, table, base) {
  const where = { level: table.level, owner: table.owner, base }, { index, length, flags, target } = m.runs;
  if (table.gone) {
    group.append(noteItem(depth, 'it was no table any more when its entries were read'));
    return;
  }
  let rows = 0;
  for (let i = table.first; i < table.end && rows < ROWS_MOST; i++) {
    const alone = table.level > 1 ? length[i] : 1; // entries of upper levels are never put together
    for (let j = 0; j < alone; j++, rows++) {
      group.append(entryItem(m, depth, where, { index: index[i] + j,
        length: table.level > 1 ? 1 : length[i], flags: flags[i], target: target[i] + j }));
    }
  }
  if (!rows) { group.append(noteItem(depth, 'no entry is present')); }
}

function noteItem(depth, text) {
  const item = treeItem(depth);
  rowOf(item).append(make('span', text, 'why'));
  return item;
}

function tableItem(m, table, depth) {
  const item = treeItem(depth), roots = rootsOf(m, table.frame);
  rowOf(item).append(make('span', 'L' + table.level + ' table ' + hex(table.frame)),
    make('span', [...roots, stateText(m, stateOf(m, table.frame), table.owner)].join('; '), 'why'));
  item.frame = table.frame;
  expandable(item, (group) => fillTable(m, group, depth + 1, table, 0n));
  return item;
}

function chosenSnapshot() { return snapshots[Number(element('tables-snapshot').value)] || now(); }

function drawTree() {
  const m = chosenSnapshot(), id = Number(element('tables-domain').value), tree = element('tree');
  const mine = m.tables.filter((t) => t.owner === id);
  const linked = new Set();
  for (const t of mine) {
    if (t.level < 2) { continue; }
    for (let i = t.first; i < t.end; i++) {
      for (let j = 0; j < m.runs.length[i]; j++) { linked.add(m.runs.target[i] + j); }
    }
  }
  // The roots, those that a vCPU has first; and tables that are pinned without being linked.
  const tops = mine.filter((t) => t.level === 4 || !linked.has(t.frame));
  const rank = (t) => 8 * t.level + (rootsOf(m, t.frame)[0] || '').startsWith('kernel') +
    rootsOf(m, t.frame).length;
  tops.sort((a, b) => rank(b) - rank(a));
  tree.replaceChildren(...tops.slice(0, ROWS_MOST).map((t) => tableItem(m, t, 1)));
  if (!tops.length) {
    tree.append(noteItem(1, m.tablesLeftOut ? 'The tables of this domain are not in this page: ' +
      'pinion map ' + id + ' has them.' : 'It has no page tables.'));
  }
  tree.firstChild.tabIndex = 0;
}

function openTable(m, frame) {
  const table = m.tableAt.get(frame), tree = element('tree');
  element('tables-snapshot').value = String(snapshots.indexOf(m));
  element('tables-domain').value = String(table.owner);
  drawTree();
  let item = [...tree.children].find((i) => i.frame === frame);
  if (!item) {
    item = tableItem(m, table, 1);
    rowOf(item).append(make('span', '(addresses below count from 0)', 'why'));
    tree.prepend(item);
  }
  expand(item, true);
  focusItem(item);
}

function focusItem(item) {
  for (const other of element('tree').querySelectorAll('[tabindex="0"]')) { other.tabIndex = -1; }
  item.tabIndex = 0;
  item.focus();
}

const isShown = (item) => !item.parentElement.closest('ul[hidden]');

function treeKey(event) {
  const item = event.target.closest('[role=treeitem]');
  if (!item || event.ctrlKey || event.altKey || event.metaKey) { return; }
  const all = [...element('tree').querySelectorAll('[role=treeitem]')].filter(isShown);
  const at = all.indexOf(item), open = item.getAttribute('aria-expanded');
  const goal = { ArrowDown: all[at + 1], ArrowUp: all[at - 1], Home: all[0], End: all[all.length - 1] };
  if (event.key in goal) {
    if (goal[event.key]) { focusItem(goal[event.key]); }
  } else if (event.key === 'ArrowRight') {
    if (open === 'false') { expand(item, true); } else if (open) { focusItem(item.children[1].firstChild); }
  } else if (event.key === 'ArrowLeft') {
    const parent = item.parentElement.closest('[role=treeitem]');
    if (open === 'true') { expand(item, false); } else if (parent) { focusItem(parent); }
  } else if (event.key === 'Enter' || event.key === ' ') {
    selectItem(item);
  } else {
    return;
  }
  event.preventDefault();
}

function selectItem(item) {
  for (const other of element('tree').querySelectorAll('[aria-selected]')) {
    other.removeAttribute('aria-selected');
  }
  item.setAttribute('aria-selected', 'true');
  if (item.frame !== undefined) { choose(item.frame); }
}

function treeClick(event) {
  const item = event.target.closest('[role=treeitem]');
  if (!item) { return; }
  focusItem(item);
  expand(item, item.getAttribute('aria-expanded') !== 'true');
  selectItem(item);
}

// ---- the start ----------------------------------------------------------------------------------

function setTheme(theme) {
  const dark = theme === 'dark' ||
    (theme === 'auto' && window.matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.toggleAttribute('data-dark', dark);
}

function setColouring(by) {
  view.by = by;
  for (const map of maps) { map.colour(); }
  drawLegend();
  redraw();
}

function fillChoices() {
  const domains = new Map();
  for (const m of snapshots) { for (const d of m.domains) { domains.set(d.id, domainName(m, d.id)); } }
  for (const m of snapshots) {
    for (const t of m.tables) {
      if (!domains.has(t.owner)) { domains.set(t.owner, domainName(m, t.owner)); }
    }
  }
  for (const [id, name] of domains) {
    const option = make('option', name);
    option.value = id;
    element('tables-domain').append(option);
  }
  snapshots.forEach((m, i) => {
    const option = make('option', isPair() ? ['before: ', 'after: '][i] + m.label : m.label);
    option.value = i;
    element('tables-snapshot').append(option);
  });
  element('tables-snapshot').value = String(snapshots.length - 1);
  fillRoots();
}

function summarise() {
  const m = now(), parts = [count(m.frames) + ' frames of 4 KiB (' + size(m.frames) + ')',
    count(m.tables.length) + ' page tables', m.domains.length === 1 ? '1 domain'
      : m.domains.length + ' domains'];
  if (m.tablesLeftOut) { parts.push('some page tables were left out to keep the page small'); }
  if (m.states.some((s) => s.flags & FLAG.NOT_COUNTED)) {
    parts.push('counts were left out to keep the page small');
  }
  if (m.coarse > 1) {
    parts.push(count(m.coarse) + ' frames each have the look of the most of them, to keep the page small');
  }
  element('summary').textContent = parts.join(' · ') + '. Recorded ' +
    snapshots.map((o) => '“' + o.label + '”').join(' and ') + '.';
}

function listen() {
  element('controls').addEventListener('change', (event) => {
    if (event.target.name === 'by') { setColouring(event.target.value); }
  });
  element('theme').addEventListener('change', (event) => {
    setTheme(event.target.value);
    drawLegend();
    redraw();
  });
  element('zoom-in').addEventListener('click', () => zoomAt(maps[0], 1.5));
  element('zoom-out').addEventListener('click', () => zoomAt(maps[0], 1 / 1.5));
  element('zoom-all').addEventListener('click', zoomAll);
  for (const [form, act] of [['search', search], ['journey-form', journey], ['tables-form', drawTree]]) {
    element(form).addEventListener('submit', (event) => { event.preventDefault(); act(); });
  }
  for (const select of ['tables-domain', 'tables-snapshot']) {
    element(select).addEventListener('change', drawTree);
  }
  element('tree').addEventListener('keydown', treeKey);
  element('tree').addEventListener('click', treeClick);
  window.addEventListener('resize', () => { maps.forEach((map) => map.resize()); redraw(); });
  window.addEventListener('beforeprint', () => {
    document.documentElement.removeAttribute('data-dark');
    drawLegend();
    redraw();
  });
  window.addEventListener('afterprint', () => {
    setTheme(element('theme').value);
    drawLegend();
    redraw();
  });
}

// What stands behind # in the page's address: by=owner&frame=0x42c3&address=0x...&open=0,511&zoom=4
function applyAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  if (wanted.has('theme')) {
    element('theme').value = wanted.get('theme');
    setTheme(wanted.get('theme'));
  }
  const radio = document.querySelector(`input[name=by][value="${CSS.escape(wanted.get('by') || 'type')}"]`);
  if (radio) { radio.checked = true; setColouring(radio.value); }
  if (wanted.has('frame')) { element('search-text').value = wanted.get('frame'); search(); }
  if (wanted.has('zoom')) { zoomAt(maps[0], Number(wanted.get('zoom')) || 1); showCursor(); }
  if (wanted.has('address')) { element('journey-text').value = wanted.get('address'); journey(); }
  let item = element('tree').firstChild;
  for (const index of wanted.has('open') ? ['', ...wanted.get('open').split(',')] : []) {
    item = index === '' ? item : [...item.children[1].children].find((i) =>
      rowOf(i).firstChild.textContent.split('–')[0] === index);
    if (!item || !item.fill) { break; }
    expand(item, true);
  }
}

// Something to look at before anybody asks: the first vCPU's root, opened, and a kernel's address.
function showFirst() {
  const m = now(), vcpu = m.domains.flatMap((d) => d.vcpus).find((v) => v.kernel >= 0);
  if (!vcpu || vcpu.kernel >= m.frames) { return; }
  choose(vcpu.kernel);
  element('journey-root').value = (snapshots.length - 1) + ':' + vcpu.kernel;
  view.chosen = -1;
  element('journey-text').value = '0xffffffff81000000';
  journey();
  expand(element('tree').firstChild, true);
}

async function start() {
  try {
    for (const data of document.querySelectorAll('script.snapshot')) {
      snapshots.push(await readSnapshot(data.textContent));
    }
  } catch (error) {
    element('summary').textContent = 'This browser cannot read the recorded snapshot: ' + error.message;
    element('summary').className = 'error';
    return;
  }
  document.documentElement.toggleAttribute('data-pair', isPair());
  setTheme('auto');
  const frames = Math.max(...snapshots.map((m) => m.frames));
  snapshots.forEach((m, i) => maps.push(new FrameMap(m, i)));
  // So many columns that all rows can be seen; a power of two, so that rows begin at round numbers.
  const width = maps[0].canvas.clientWidth - maps[0].gutter;
  view.columns = 2 ** Math.max(4, Math.ceil(Math.log2(Math.sqrt(frames * width / HEIGHT_MOST))));
  maps.forEach((map) => { map.resize(); map.colour(); });
  summarise();
  fillChoices();
  listen();
  zoomAll();
  drawChanges();
  drawTree();
  showFirst();
  applyAddress();
  document.documentElement.dataset.ready = snapshots.length;
}

start();
