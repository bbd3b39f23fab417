"use strict";
// Draws what stands in #data. A call is [begin, duration, lane, name, failed, text], times in nanoseconds;
// a sum is [program, name, time, calls, errors, functions], the outermost function first.
const data = JSON.parse(document.getElementById("data").textContent);
const LANE = 18, AXIS = 20, LABEL = 130;
const hue = (name) => [...name].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 360, 7);
const colour = (name, failed) => failed ? "hsl(0,75%,62%)" : `hsl(${hue(data.names[name])},55%,65%)`;

function time(ns) {
  for (const [unit, name] of [[1e9, "s"], [1e6, "ms"], [1e3, "\u00b5s"]])
    if (Math.abs(ns) >= unit) return +(ns / unit).toPrecision(4) + " " + name;
  return Math.round(ns) + " ns";
}

function element(parent, tag, text, style) {
  const made = parent.appendChild(document.createElement(tag));
  made.textContent = text;
  if (style) Object.assign(made.style, style);
  return made;
}

// Summary.
{
  const count = data.sums.reduce((sum, row) => sum + row[3], 0);
  const summary = document.getElementById("summary");
  summary.textContent = `${count} calls in ${time(data.end)}, on ${data.lanes.length} thread${data.lanes.length === 1 ? "" : "s"}, from ` +
    new Date(data.time).toISOString();
  if (data.dropped) element(summary, "div", `${data.dropped} short calls are not drawn.`).className = "note";
  if (data.missing) element(summary, "div", data.missing).className = "note";
}

// Timeline.
const canvas = document.getElementById("timeline"), pen = canvas.getContext("2d");
const byLane = data.lanes.map(() => []);
for (const call of data.calls) byLane[call[2]].push(call);
for (const lane of byLane) lane.sort((a, b) => a[0] - b[0]);
const first = data.calls.reduce((least, call) => Math.min(least, call[0]), Infinity);
const whole = { from: isFinite(first) ? first : 0, to: Math.max(data.end, 1) };
if (whole.to <= whole.from) whole.to = whole.from + 1;
let view = { ...whole };

function draw() {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth;
  const height = AXIS + LANE * Math.max(1, data.lanes.length);
  canvas.style.height = height + "px";
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const ink = getComputedStyle(document.body).color;
  const scale = (width - LABEL) / (view.to - view.from);
  pen.font = "11px sans-serif";
  pen.textBaseline = "middle";
  pen.fillStyle = ink;
  for (let step = 0; step < 6; step++) {
    const x = LABEL + (width - LABEL) * step / 6;
    pen.fillRect(x, 0, 1, AXIS);
    pen.fillText(time(view.from + (view.to - view.from) * step / 6 - whole.from), x + 3, AXIS / 2);
  }
  byLane.forEach((lane, index) => {
    const y = AXIS + LANE * index;
    let drawnTo = -1;
    for (const [begin, duration, , name, failed] of lane) {
      if (begin + duration < view.from || begin > view.to) continue;
      const left = LABEL + Math.max(0, (begin - view.from) * scale);
      const right = LABEL + Math.min(width - LABEL, (begin + duration - view.from) * scale);
      // A thousand calls in one place are one stroke.
      if (right < drawnTo && right - left < 1) continue;
      const wide = Math.max(0.8, right - left);
      drawnTo = left + wide;
      pen.fillStyle = colour(name, failed);
      pen.fillRect(left, y + 1, wide, LANE - 2);
      if (wide > 40) {
        pen.fillStyle = "#111";
        pen.fillText(data.names[name].slice(0, wide / 7), left + 3, y + LANE / 2);
      }
    }
    pen.fillStyle = ink;
    pen.fillText(data.lanes[index].slice(0, 20), 3, y + LANE / 2);
  });
}

function at(event) {
  const place = canvas.getBoundingClientRect();
  const x = event.clientX - place.left - LABEL, y = event.clientY - place.top - AXIS;
  const scale = (view.to - view.from) / (place.width - LABEL);
  return { moment: view.from + x * scale, lane: Math.floor(y / LANE), scale };
}

canvas.addEventListener("mousemove", (event) => {
  const { moment, lane, scale } = at(event);
  let nearest = null, distance = 3 * scale;
  for (const call of byLane[lane] || []) {
    const off = Math.max(call[0] - moment, moment - call[0] - call[1], 0);
    if (off <= distance) { nearest = call; distance = off; }
  }
  document.getElementById("text").textContent =
    nearest ? `${time(nearest[0] - whole.from)}  took ${time(nearest[1])}\n${nearest[5]}` : "";
  if (event.buttons & 1) {
    const by = -event.movementX * scale;
    view = { from: view.from + by, to: view.to + by };
    draw();
  }
});
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { moment } = at(event), factor = event.deltaY > 0 ? 1.25 : 0.8;
  view = { from: moment - (moment - view.from) * factor, to: moment + (view.to - moment) * factor };
  if (view.to - view.from < 20) view.to = view.from + 20;
  draw();
}, { passive: false });
canvas.addEventListener("dblclick", () => { view = { ...whole }; draw(); });
window.addEventListener("resize", draw);
draw();

// Flame graph: all, programs, functions, calls; as wide as they took time. A click on a box makes it as wide as the page.
{
  const flame = document.getElementById("flame");
  const box = (name, fill, above) => ({ name, fill, above, time: 0, below: new Map() });
  const all = box("all", "hsl(40,70%,70%)", null);
  for (const [program, name, spent, , , functions] of data.sums) {
    let at = all;
    at.time += spent;
    const way = [[program, `hsl(${hue(program)},50%,72%)`]];
    for (const index of functions) way.push([data.functions[index], `hsl(${20 + hue(data.functions[index]) % 40},75%,68%)`]);
    way.push([data.names[name], colour(name)]);
    way.forEach(([label, fill], depth) => {
      // A function may have the name of the call it makes.
      const key = (depth + 1 === way.length ? "call " : "") + label;
      if (!at.below.has(key)) at.below.set(key, box(label, fill, at));
      at = at.below.get(key);
      at.time += spent;
    });
  }
  const draw = (focus) => {
    flame.textContent = "";
    const row = () => { const made = element(flame, "div", ""); made.className = "row"; return made; };
    const put = (row, from, width, shown) => {
      const text = `${shown.name} ${time(shown.time)}, ${(100 * shown.time / (all.time || 1)).toFixed(1)} %`;
      const made = element(row, "div", text, { left: 100 * from + "%", width: 100 * width + "%", background: shown.fill });
      made.title = text;
      made.onclick = () => draw(shown);
    };
    const above = [];
    for (let at = focus.above; at; at = at.above) above.unshift(at);
    for (const at of above) put(row(), 0, 1, at);
    for (let level = [[0, focus]]; level.length;) {
      const made = row(), next = [];
      for (let [from, shown] of level) {
        put(made, from, shown.time / (focus.time || 1), shown);
        for (const below of [...shown.below.values()].sort((a, b) => b.time - a.time)) {
          const width = below.time / (focus.time || 1);
          // Nobody would see it.
          if (width > 0.0005) next.push([from, below]);
          from += width;
        }
      }
      level = next;
    }
  };
  draw(all);
}

// Table.
{
  const table = document.getElementById("table");
  const head = element(table, "tr", "");
  for (const title of ["program", "call", "calls", "errors", "total", "mean"]) element(head, "th", title);
  const sums = new Map();
  for (const [program, name, total, calls, errors] of data.sums) {
    const key = name + " " + program, sum = sums.get(key) || [program, name, 0, 0, 0];
    sums.set(key, [program, name, sum[2] + total, sum[3] + calls, sum[4] + errors]);
  }
  for (const [program, name, total, calls, errors] of [...sums.values()].sort((a, b) => b[2] - a[2])) {
    const row = element(table, "tr", "");
    for (const cell of [program, data.names[name], calls, errors || "", time(total), time(total / calls)])
      element(row, "td", cell);
  }
}
document.body.dataset.drawn = "yes";
