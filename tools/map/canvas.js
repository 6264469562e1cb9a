// SPDX-License-Identifier: MIT
// The map of all frames: colours, patterns, and the canvas with its keys and mouse.

// Colours that people with any kind of colour blindness can tell apart (after Okabe and Ito); the
// levels of tables also grow darker. Each category has a letter and a pattern besides.
const LOOKS = {
  free: ['free', ' ', '#f4f3ef', '#23272d', ''],
  hypervisor: ["the hypervisor's own", 'H', '#a9adb5', '#5c636e', 'cross'],
  device: ['no RAM', 'x', '#d9dadd', '#33383f', 'back'],
  shown: ['shown by the hypervisor', 'm', '#7f858f', '#868d98', 'dots'],
  none: ['no type', '-', '#dcebd6', '#3f5138', ''],
  writable: ['writable', 'w', '#9fd0ee', '#2f6d96', ''],
  L1: ['L1 table', '1', '#f0e442', '#f0e442', 'slash'],
  L2: ['L2 table', '2', '#e69f00', '#e69f00', 'slash'],
  L3: ['L3 table', '3', '#d55e00', '#d55e00', 'slash'],
  L4: ['L4 table', '4', '#3b0f00', '#ffffff', 'ring'],
  descriptor: ['descriptor page', 'g', '#cc79a7', '#cc79a7', 'dots'],
  shared: ['shared', 's', '#009e73', '#009e73', 'dots'],
};
const TYPE_LOOKS = ['none', 'L1', 'L2', 'L3', 'L4', 'descriptor', 'writable', 'shared'];
const OWNER_COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#f0e442'];
const OWNER_PATTERNS = ['', 'slash', 'dots', 'back', 'cross'];
const STEPS = [['1 reference', '1', '#deebf7', '#22364d'], ['2 references', '2', '#9ecae1', '#2d5b86'],
  ['3 references', '3', '#4292c6', '#4a94cf'], ['4 to 7 references', '4', '#08519c', '#8cc6f2'],
  ['8 or more', '8', '#00103f', '#ffffff']];
const CHANGES = { same: ['nothing', ' ', '#f4f3ef', '#23272d', ''],
  counts: ['only counts', '+', '#56b4e9', '#3f8fc4', ''],
  type: ['its type', 't', '#e69f00', '#e69f00', 'slash'],
  owner: ['its owner', 'o', '#9b1c6b', '#ff8ec7', 'cross'] };

const HEIGHT_MOST = 720; // pixels
const view = { by: 'type', scale: 3, x: 0, y: 0, columns: 256, cursor: 0, chosen: -1 };
const isDark = () => document.documentElement.hasAttribute('data-dark');

function plainLook(state) {
  const name = ['free', 'hypervisor', 'device', 'shown'][state.kind];
  return name && LOOKS[name];
}

function ownerLook(m, id) {
  const ids = [...new Set(snapshots.flatMap((o) => o.domains.map((d) => d.id)))].sort((a, b) => a - b);
  const at = ids.indexOf(id), n = at < 0 ? ids.length : at;
  const colour = OWNER_COLOURS[n % OWNER_COLOURS.length];
  return [domainName(m, id), String(id % 10), colour, colour,
    OWNER_PATTERNS[Math.floor(n / OWNER_COLOURS.length) % OWNER_PATTERNS.length]];
}

function lookOf(m, state, by) {
  const plain = plainLook(state);
  if (by === 'owner') { return plain || ownerLook(m, state.owner); }
  if (by === 'count') {
    if (!isCounted(state)) { return plain || ['not counted', '?', '#bbbbbb', '#777777', 'back']; }
    const n = state.references, at = n <= 3 ? Math.max(n, 1) - 1 : n < 8 ? 3 : 4;
    return [...STEPS[at], ''];
  }
  return plain || LOOKS[TYPE_LOOKS[typeOf(state)]];
}

function changeOf(a, b) {
  if (a.kind !== b.kind || a.owner !== b.owner) { return 'owner'; }
  if (a.kind !== KIND.OWNED && a.kind !== KIND.SHOWN) { return 'same'; }
  if (typeOf(a) !== typeOf(b)) { return 'type'; }
  return a.references !== b.references || a.uses !== b.uses || a.flags !== b.flags
    ? 'counts' : 'same';
}

// The look of each frame: an array of looks, and for each frame its number in that.
function looksOf(m, by) {
  const looks = [], names = new Map(), numbers = new Uint8Array(m.frames);
  const number = (look) => {
    if (!names.has(look[0])) { names.set(look[0], looks.push(look) - 1); }
    return names.get(look[0]);
  };
  if (by === 'change') {
    const [a, b] = snapshots;
    const known = new Map();
    for (let i = 0; i < m.frames; i++) {
      if (i >= a.frames || i >= b.frames) { continue; }
      const key = a.state[i] * b.states.length + b.state[i];
      if (!known.has(key)) {
        known.set(key, number(CHANGES[changeOf(a.states[a.state[i]], b.states[b.state[i]])]));
      }
      numbers[i] = known.get(key);
    }
    return { looks, numbers };
  }
  const ofState = m.states.map((state) => number(lookOf(m, state, by)));
  for (let i = 0; i < m.frames; i++) { numbers[i] = ofState[m.state[i]]; }
  return { looks, numbers };
}

const colourOf = (look) => look[isDark() ? 3 : 2];
const isLight = (colour) => {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return r * 0.3 + g * 0.59 + b * 0.11 > 125;
};

// The pattern of a look as strokes in a square of `size` at (x, y).
function strokes(look, x, y, size) {
  const s = size, line = (a, b, c, d) => [x + a * s, y + b * s, x + c * s, y + d * s];
  return { slash: [line(0, 1, 1, 0)], back: [line(0, 0, 1, 1)],
    cross: [line(0, 1, 1, 0), line(0, 0, 1, 1)], dots: [line(0.45, 0.5, 0.6, 0.5)],
    ring: [line(0.25, 0.25, 0.75, 0.25), line(0.75, 0.25, 0.75, 0.75),
      line(0.75, 0.75, 0.25, 0.75), line(0.25, 0.75, 0.25, 0.25)] }[look[4]] || [];
}

function swatch(look) {
  const ink = isLight(colourOf(look)) ? '#000' : '#fff';
  const lines = strokes(look, 0, 0, 16).map((l) =>
    `<path d="M${l[0]} ${l[1]}L${l[2]} ${l[3]}" stroke="${ink}" stroke-opacity=".55"/>`).join('');
  return `<svg viewBox="0 0 22 16" aria-hidden="true"><rect width="22" height="16" fill="${
    colourOf(look)}"/>${lines}<text x="16" y="12" font-size="10" font-weight="bold"
    text-anchor="middle" fill="${ink}">${look[1]}</text></svg>`;
}

class FrameMap {
  constructor(m, index) {
    this.m = m;
    this.canvas = document.createElement('canvas');
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'application');
    this.canvas.setAttribute('aria-label', 'Map of ' + count(m.frames) + ' frames' +
      (snapshots.length > 1 ? ', ' + m.label : '') + '; arrow keys walk, Enter shows a frame');
    const figure = document.createElement('figure'), caption = document.createElement('figcaption');
    caption.innerHTML = `<b></b> <span class="note"></span>`;
    caption.firstChild.textContent = (snapshots.length > 1 ? ['Before: ', 'After: '][index] : '') + m.label;
    caption.lastChild.textContent = m.time.toISOString().slice(0, 19).replace('T', ' ') + ' UTC';
    figure.append(caption, this.canvas);
    document.getElementById('maps').append(figure);
    this.listen();
  }

  colour() {
    const { looks, numbers } = looksOf(this.m, view.by);
    this.looks = looks;
    this.numbers = numbers;
    this.rarity = new Float64Array(looks.length);
    for (const n of numbers) { this.rarity[n]++; }
  }

  get rows() { return Math.ceil(this.m.frames / view.columns); }
  get gutter() { return 62; }

  frameAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - this.gutter) / view.scale + view.x);
    const row = Math.floor((event.clientY - box.top) / view.scale + view.y);
    const frame = row * view.columns + column;
    return column < 0 || column >= view.columns || row < 0 || frame >= this.m.frames ? -1 : frame;
  }

  resize() {
    const width = this.canvas.clientWidth, ratio = window.devicePixelRatio || 1;
    this.fit = (width - this.gutter) / view.columns;
    const height = Math.round(Math.min(HEIGHT_MOST, Math.max(120, this.rows * this.fit)));
    this.canvas.style.height = height + 'px';
    this.width = width;
    this.height = height;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.context = this.canvas.getContext('2d');
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  draw() {
    const c = this.context, style = getComputedStyle(document.documentElement);
    c.fillStyle = style.getPropertyValue('--panel');
    c.fillRect(0, 0, this.width, this.height);
    if (view.scale >= 4) { this.drawCells(); } else { this.drawPixels(); }
    this.drawAxis(style.getPropertyValue('--soft'));
    if (view.chosen >= 0) { this.outline(view.chosen, style.getPropertyValue('--ink'), 1.5); }
    this.outline(view.cursor, style.getPropertyValue('--focus'), 2.5);
  }

  drawCells() {
    const c = this.context, s = view.scale, gap = s >= 7 ? 1 : 0;
    const x0 = Math.floor(view.x), y0 = Math.floor(view.y);
    const x1 = Math.min(view.columns, Math.ceil(view.x + (this.width - this.gutter) / s));
    const y1 = Math.min(this.rows, Math.ceil(view.y + this.height / s));
    c.save();
    c.beginPath();
    c.rect(this.gutter, 0, this.width, this.height);
    c.clip();
    c.font = `bold ${Math.min(15, s * 0.62)}px "DejaVu Sans Mono", monospace`;
    c.textAlign = 'center';
    c.textBaseline = 'middle';
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        const frame = y * view.columns + x;
        if (frame >= this.m.frames) { break; }
        const look = this.looks[this.numbers[frame]];
        this.cell(look, this.gutter + (x - view.x) * s, (y - view.y) * s, s - gap);
      }
    }
    c.restore();
  }

  cell(look, x, y, size) {
    const c = this.context, colour = colourOf(look);
    c.fillStyle = colour;
    c.fillRect(x, y, size, size);
    if (size < 7) { return; }
    const ink = isLight(colour) ? '#000' : '#fff';
    c.strokeStyle = ink;
    c.globalAlpha = 0.4;
    c.lineWidth = 1;
    c.beginPath();
    for (const [a, b, d, e] of strokes(look, x, y, size)) { c.moveTo(a, b); c.lineTo(d, e); }
    c.stroke();
    c.globalAlpha = 1;
    if (size >= 12 && look[1] !== ' ') {
      c.fillStyle = ink;
      c.fillText(look[1], x + size / 2, y + size / 2 + 1);
    }
  }

  // Small cells, and cells smaller than a pixel: the rarest look of some frames below it counts,
  // so that a single table in free memory stays visible.
  drawPixels() {
    const ratio = this.canvas.width / this.width, width = this.canvas.width - Math.round(this.gutter * ratio);
    const height = this.canvas.height, s = view.scale * ratio;
    if (width <= 0) { return; }
    const image = this.context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const colours = this.looks.map((look) => {
      const v = parseInt(colourOf(look).slice(1), 16);
      return (0xff000000 | (v & 255) << 16 | (v & 0xff00) | v >> 16) >>> 0;
    });
    for (let py = 0; py < height; py++) {
      const y = Math.floor(view.y + py / s), below = Math.floor(view.y + (py + 1) / s);
      if (y >= this.rows) { break; }
      for (let px = 0; px < width; px++) {
        const x = Math.floor(view.x + px / s), right = Math.floor(view.x + (px + 1) / s);
        if (x >= view.columns) { break; }
        const n = this.rarest(x, Math.max(x + 1, right), y, Math.max(y + 1, below));
        if (n >= 0) { pixels[py * width + px] = colours[n]; }
      }
    }
    this.context.putImageData(image, Math.round(this.gutter * ratio), 0);
  }

  rarest(left, right, top, bottom) {
    const rarity = this.rarity;
    let best = -1;
    for (let y = top; y < bottom; y++) {
      const end = Math.min(y * view.columns + Math.min(right, view.columns), this.m.frames);
      for (let frame = y * view.columns + left; frame < end; frame++) {
        const n = this.numbers[frame];
        if (best < 0 || rarity[n] < rarity[best]) { best = n; }
      }
    }
    return best;
  }

  drawAxis(colour) {
    const c = this.context, s = view.scale, step = 2 ** Math.max(0, Math.ceil(Math.log2(22 / s)));
    c.fillStyle = colour;
    c.font = '11px "DejaVu Sans Mono", monospace';
    c.textAlign = 'right';
    c.textBaseline = 'top';
    for (let y = Math.ceil(view.y / step) * step; y < this.rows; y += step) {
      const at = (y - view.y) * s;
      if (at > this.height - 10) { break; }
      c.fillText(hex(y * view.columns), this.gutter - 6, at);
      c.fillRect(this.gutter - 4, at, 4, 1);
    }
  }

  outline(frame, colour, width) {
    const c = this.context, s = view.scale;
    const x = this.gutter + (frame % view.columns - view.x) * s;
    const y = (Math.floor(frame / view.columns) - view.y) * s;
    if (frame >= this.m.frames || x < this.gutter - s) { return; }
    const size = Math.max(s, 5), off = (size - s) / 2;
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.strokeRect(x - off, y - off, size, size);
  }

  listen() {
    let drag = null;
    this.canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      zoomAt(this, event.deltaY < 0 ? 1.25 : 0.8, event);
    }, { passive: false });
    this.canvas.addEventListener('pointerdown', (event) => {
      drag = { x: event.clientX, y: event.clientY, vx: view.x, vy: view.y, moved: false };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener('pointermove', (event) => {
      if (drag && (drag.moved || Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > 4)) {
        drag.moved = true;
        view.x = drag.vx - (event.clientX - drag.x) / view.scale;
        view.y = drag.vy - (event.clientY - drag.y) / view.scale;
        redraw();
        return;
      }
      const frame = this.frameAt(event);
      if (frame >= 0) { hover(frame); }
    });
    this.canvas.addEventListener('pointerup', (event) => {
      const frame = this.frameAt(event);
      if (drag && !drag.moved && frame >= 0) { view.cursor = frame; choose(frame); }
      drag = null;
    });
    this.canvas.addEventListener('keydown', (event) => { mapKey(this, event); });
  }
}

function clampView(map) {
  const visible = [(map.width - map.gutter) / view.scale, map.height / view.scale];
  view.x = Math.max(0, Math.min(view.x, view.columns - visible[0]));
  view.y = Math.max(0, Math.min(view.y, map.rows - visible[1]));
}

function redraw() {
  for (const map of maps) { clampView(map); map.draw(); }
}

function zoomAt(map, factor, event) {
  const box = map.canvas.getBoundingClientRect();
  const cx = event ? event.clientX - box.left - map.gutter
    : (view.cursor % view.columns + 0.5 - view.x) * view.scale;
  const cy = event ? event.clientY - box.top
    : (Math.floor(view.cursor / view.columns) + 0.5 - view.y) * view.scale;
  const least = Math.min(map.fit, map.height / map.rows);
  const scale = Math.max(least, Math.min(40, view.scale * factor));
  view.x += cx / view.scale - cx / scale;
  view.y += cy / view.scale - cy / scale;
  view.scale = scale;
  redraw();
}

function zoomAll() {
  const map = maps[0];
  view.scale = Math.min(map.fit, map.height / map.rows);
  view.x = view.y = 0;
  redraw();
}

// Moves the view so that the cursor is in it.
function showCursor() {
  const map = maps[0], column = view.cursor % view.columns, row = Math.floor(view.cursor / view.columns);
  const w = (map.width - map.gutter) / view.scale, h = map.height / view.scale;
  if (column < view.x || column + 1 > view.x + w) { view.x = column - w / 2; }
  if (row < view.y || row + 1 > view.y + h) { view.y = row - h / 2; }
  redraw();
}

function mapKey(map, event) {
  const far = event.shiftKey ? 16 : 1, page = view.columns * Math.max(1, Math.round(map.rows / 4));
  const step = { ArrowLeft: -far, ArrowRight: far, ArrowUp: -far * view.columns,
    ArrowDown: far * view.columns, PageUp: -page, PageDown: page, Home: -Infinity,
    End: Infinity }[event.key];
  if (event.ctrlKey || event.altKey || event.metaKey) { return; }
  if (step !== undefined) {
    view.cursor = Math.max(0, Math.min(map.m.frames - 1, view.cursor + step));
    showCursor();
    hover(view.cursor);
  } else if (event.key === 'Enter' || event.key === ' ') {
    choose(view.cursor);
  } else if (event.key === '+' || event.key === '=') {
    zoomAt(map, 1.5);
  } else if (event.key === '-') {
    zoomAt(map, 1 / 1.5);
  } else if (event.key === '0') {
    zoomAll();
  } else {
    return;
  }
  event.preventDefault();
}
