"use strict";
// Figures with axes, drawn as SVG from the data beside them. Data become text and coordinates, never markup.
const SVG = "http://www.w3.org/2000/svg";
const DASHES = ["", "7 4", "2 3", "9 3 2 3"];
const HIT = 48; // pixels within which the mouse finds a point

function made(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function drawn(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function readData(figure) {
  return JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
}

function titleOf(figure) {
  return figure.querySelector("figcaption strong").textContent;
}

function numberText(value) {
  if (value === null || value === undefined) return "";
  return String(Number(Number(value).toPrecision(4))).replace("-", "\u2212");
}

function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n += 1) found.push(n * step);
  return { at: found, digits: Math.max(0, Math.min(8, -Math.floor(Math.log10(step) + 1e-9) + (step / power === 2.5 ? 1 : 0))) };
}

function markPath(kind, x, y, r) {
  if (kind === "diamond") return `M${x} ${y - r * 1.3}L${x + r * 1.3} ${y}L${x} ${y + r * 1.3}L${x - r * 1.3} ${y}Z`;
  if (kind === "triangle") return `M${x} ${y - r * 1.25}L${x + r * 1.2} ${y + r}L${x - r * 1.2} ${y + r}Z`;
  if (kind === "square") return `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}Z`;
  return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
}

function dotOf(color) {
  return drawn("svg", { width: 14, height: 14, "aria-hidden": "true" }, drawn("circle", { cx: 7, cy: 7, r: 6, fill: color, stroke: "#555" }));
}

class ChartFigure {
  constructor(figure) {
    this.figure = figure;
    this.data = readData(figure);
    for (const series of this.data.series) {
      if (!Array.isArray(series.x)) {
        const { first, last, n } = series.x;
        series.x = Array.from({ length: n }, (_, i) => first + ((last - first) * i) / (n - 1));
      }
      series.shown = true;
    }
    this.listed = this.data.series.filter((series) => series.listed !== false);
    this.build();
    this.view = this.extent();
    new ResizeObserver(() => this.draw()).observe(this.plot);
    this.draw();
  }

  build() {
    const button = (label, act, name) => {
      const node = made("button", { type: "button", "aria-label": name || label }, label);
      node.addEventListener("click", act);
      return node;
    };
    this.legend = made("div", { class: "controls legend", role: "group", "aria-label": "Curves of this figure" });
    for (const series of this.listed) this.legend.append(this.legendButton(series));
    const zoom = made("div", { class: "controls" },
      button("+", () => this.zoom(0.7), "Zoom in"), button("\u2212", () => this.zoom(1 / 0.7), "Zoom out"),
      button("Reset view", () => this.reset()));
    this.tip = made("div", { class: "tip", hidden: "", "aria-hidden": "true" });
    this.readout = made("p", { class: "readout", role: "status" });
    const hint = `${this.figure.id || ""}${this.figure.getAttribute("aria-labelledby")}-hint`;
    this.plot = made("div", { class: "plot", tabindex: "0", role: "application", "aria-roledescription": "chart",
      "aria-label": this.description(), "aria-describedby": hint }, this.tip);
    this.svg = drawn("svg", { "aria-hidden": "true", focusable: "false" });
    this.plot.prepend(this.svg);
    // hints show once a figure has the focus: below all that is clicked, so that nothing moves under the mouse
    const elements = made("ul", { class: "elements", "aria-label": "Elements" });
    for (const [symbol, color] of Object.entries(this.data.elements || {})) elements.append(made("li", {}, dotOf(color), symbol));
    this.figure.append(this.legend, zoom, this.plot, ...(this.data.elements ? [elements] : []), this.readout, this.table(),
      made("p", { class: "hint", id: hint }, "Keys: left and right go along a curve, up and down to the next one, plus and minus zoom, 0 resets."),
      made("p", { class: "hint mouse" }, "Mouse: hover for values, drag a box to zoom, Shift and drag to move, the wheel zooms once the figure is clicked."));
    this.listen();
  }

  description() {
    const names = this.listed.map((series) => series.name).join(", ");
    const axes = this.data.triangle ? "" : ` ${this.data.y} against ${this.data.x}.`;
    return `${titleOf(this.figure)}.${axes} Curves: ${names}.`;
  }

  legendButton(series) {
    const sample = drawn("svg", { width: 26, height: 12, "aria-hidden": "true", class: `c${series.color}` });
    if (series.line !== false) sample.append(drawn("path", { d: "M0 6H26", class: "curve", "stroke-dasharray": DASHES[series.dash || 0] }));
    if (series.marker) sample.append(drawn("path", { d: markPath(series.marker, 13, 6, 4), class: `mark${series.filled === false ? "" : " filled"}` }));
    const node = made("button", { type: "button", "aria-pressed": "true" }, sample, series.name);
    node.addEventListener("click", () => {
      const whole = this.isWhole();
      series.shown = !series.shown;
      node.setAttribute("aria-pressed", String(series.shown));
      if (this.at && !this.at.series.shown) this.forget();
      if (whole) this.view = this.extent(); // what is left fills the axes, unless the reader chose a part of them
      this.draw();
    });
    return node;
  }

  table() {
    const details = made("details", {}, made("summary", {}, "Data of this figure"));
    details.addEventListener("toggle", () => {
      if (!details.open || details.querySelector("table")) return;
      const body = made("tbody");
      for (const series of this.listed) {
        series.x.forEach((x, i) => {
          const cells = [series.name, numberText(x), numberText(series.y[i]), series.said ? series.said[i] : ""];
          body.append(made("tr", {}, ...cells.map((cell, n) => made("td", n === 1 || n === 2 ? { class: "number" } : {}, cell))));
        });
      }
      const heads = ["curve", this.data.x || "x", this.data.y || "y", "point"];
      const table = made("table", {}, made("caption", {}, `Data of: ${titleOf(this.figure)}`),
        made("thead", {}, made("tr", {}, ...heads.map((head) => made("th", { scope: "col" }, head)))), body);
      const box = made("div", { class: "table" }, made("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": `Data of ${titleOf(this.figure)}` }, table));
      details.append(box);
      enhanceTable(table);
    });
    return details;
  }

  extent() {
    const xs = [], ys = [];
    for (const series of this.data.series) {
      if (!series.shown) continue;
      series.y.forEach((y, i) => {
        if (y === null || (this.data.shown && (series.x[i] < this.data.shown[0] || series.x[i] > this.data.shown[1]))) return;
        xs.push(series.x[i]);
        ys.push(y);
        if (series.low) ys.push(series.low[i], series.high[i]);
      });
    }
    if (this.data.zero) ys.push(0);
    let [x0, x1, y0, y1] = [xs, ys].flatMap((values) => values.length
      ? [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))] : [0, 1]);
    if (this.data.shown) [x0, x1] = this.data.shown;
    if (x1 - x0 < 1e-12) { x0 -= 0.5; x1 += 0.5; }
    if (y1 - y0 < 1e-12) { y0 -= 0.5; y1 += 0.5; }
    if (this.data.triangle) return { x0: x0 - 0.06, x1: x1 + 0.06, y0: y0 - 0.09, y1: y1 + 0.06 };
    const pad = 0.03;
    return { x0: x0 - pad * (x1 - x0), x1: x1 + pad * (x1 - x0), y0: y0 - (this.data.series.some((series) => series.written) ? 4 : 2) * pad * (y1 - y0), y1: y1 + 2 * pad * (y1 - y0) };
  }

  isWhole() {
    const whole = this.data.triangle || this.data.equal ? this.equal(this.extent()) : this.extent();
    return Object.entries(whole).every(([edge, at]) => Math.abs(at - this.view[edge]) < 1e-9 * (1 + Math.abs(at)));
  }

  reset() {
    this.view = this.extent();
    this.draw();
  }

  zoom(factor, at) {
    const v = this.view;
    const x = at ? at.x : (v.x0 + v.x1) / 2, y = at ? at.y : (v.y0 + v.y1) / 2;
    this.view = { x0: x + (v.x0 - x) * factor, x1: x + (v.x1 - x) * factor, y0: y + (v.y0 - y) * factor, y1: y + (v.y1 - y) * factor };
    this.draw();
  }

  // pixels of a place, and back
  px(x) { const { x0, x1 } = this.view; return this.box.left + ((x - x0) / (x1 - x0)) * this.box.width; }
  py(y) { const { y0, y1 } = this.view; return this.box.top + ((y1 - y) / (y1 - y0)) * this.box.height; }
  place(event) {
    const size = this.svg.getBoundingClientRect(), scale = this.width / size.width;
    const left = (event.clientX - size.left) * scale, top = (event.clientY - size.top) * scale;
    const { x0, x1, y0, y1 } = this.view;
    return { left, top, x: x0 + ((left - this.box.left) / this.box.width) * (x1 - x0), y: y1 - ((top - this.box.top) / this.box.height) * (y1 - y0) };
  }

  draw() {
    const width = Math.max(240, Math.round(this.plot.clientWidth || 640));
    const height = this.data.triangle ? Math.round(Math.min(width * 0.9, 480)) : this.data.equal ? this.heightOf(width)
      : Math.round(Math.min(430, Math.max(270, width * 0.58)));
    this.width = width;
    this.left = 0;
    const along = () => ticks(this.view.y0, this.view.y1, 5);
    const label = Math.max(...along().at.map((y) => y.toFixed(along().digits).length), 1);
    this.box = this.data.triangle ? { left: 8, top: 8, width: width - 16, height: height - 16 }
      : { left: 34 + 7.5 * label, top: 10, width: width - 34 - 7.5 * label - 14, height: height - 62 };
    if (this.data.equal) this.narrow();
    if (this.data.triangle || this.data.equal) this.view = this.equal(this.view);
    const yt = along(), xt = ticks(this.view.x0, this.view.x1, width < 420 ? 4 : 7);
    this.plot.dataset.view = [this.view.x0, this.view.x1, this.view.y0, this.view.y1].map((n) => n.toPrecision(6)).join(" ");
    const svg = this.svg, box = this.box;
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const clip = `clip-${this.figure.getAttribute("aria-labelledby")}`;
    svg.append(drawn("defs", {}, drawn("clipPath", { id: clip }, drawn("rect", { x: box.left, y: box.top, width: box.width, height: box.height }))));
    if (!this.data.triangle) this.axes(xt, yt, height);
    const inside = drawn("g", { "clip-path": `url(#${clip})` });
    svg.append(inside);
    const discs = drawn("g");
    for (const disc of this.data.discs || []) discs.append(...this.disc(...disc));
    for (const series of this.data.series) if (series.shown) inside.prepend(this.curve(series)); // the first on top
    inside.prepend(discs);
    this.names();
    if (!this.data.triangle) svg.append(drawn("rect", { x: box.left, y: box.top, width: box.width, height: box.height, class: "axis" }));
    this.pointer = drawn("g");
    svg.append(this.pointer);
    if (this.at) this.show(this.at);
  }

  // an atom from above; one below the surface lets the page through, not what lies deeper
  disc(symbol, x, y, radius, pale) {
    const at = { cx: this.px(x), cy: this.py(y), r: (radius * this.box.width) / (this.view.x1 - this.view.x0) };
    return [drawn("circle", { ...at, class: "ground" }), drawn("circle", { ...at, class: "atom", fill: this.data.elements[symbol], opacity: 1 - pale })];
  }

  // a figure as wide as the page, and as high as it needs with one length along both axes
  heightOf(width) {
    const whole = this.extent();
    return Math.round(Math.min(520, Math.max(230, 62 + ((width - 70) * (whole.y1 - whole.y0)) / (whole.x1 - whole.x0))));
  }

  // axes no wider than what they show, in the middle of the figure
  narrow() {
    const whole = this.extent(), wanted = (this.box.height * (whole.x1 - whole.x0)) / (whole.y1 - whole.y0);
    this.left = Math.max(0, (this.box.width - Math.max(160, wanted)) / 2);
    this.box = { ...this.box, left: this.box.left + this.left, width: this.box.width - 2 * this.left };
  }

  // one length along both axes
  equal(v) {
    const per = Math.max((v.x1 - v.x0) / this.box.width, (v.y1 - v.y0) / this.box.height);
    const cx = (v.x0 + v.x1) / 2, cy = (v.y0 + v.y1) / 2, w = (per * this.box.width) / 2, h = (per * this.box.height) / 2;
    return { x0: cx - w, x1: cx + w, y0: cy - h, y1: cy + h };
  }

  axes(xt, yt, height) {
    const { svg, box } = this;
    const text = (x, y, content, anchor, more) => svg.append(drawn("text", { x, y, "text-anchor": anchor, ...more }, content));
    for (const x of xt.at) {
      svg.append(drawn("path", { d: `M${this.px(x)} ${box.top}V${box.top + box.height}`, class: "grid" }));
      text(this.px(x), box.top + box.height + 18, x.toFixed(xt.digits).replace("-", "\u2212"), "middle");
    }
    for (const y of yt.at) {
      svg.append(drawn("path", { d: `M${box.left} ${this.py(y)}H${box.left + box.width}`, class: "grid" }));
      text(box.left - 7, this.py(y) + 4.5, y.toFixed(yt.digits).replace("-", "\u2212"), "end");
    }
    if (this.data.zero && this.view.y0 < 0 && this.view.y1 > 0) svg.append(drawn("path", { d: `M${box.left} ${this.py(0)}H${box.left + box.width}`, class: "axis" }));
    text(box.left + box.width / 2, height - 8, this.data.x, "middle");
    text(0, 0, this.data.y, "middle", { transform: `translate(${15 + this.left} ${box.top + box.height / 2}) rotate(-90)` });
  }

  curve(series) {
    const group = drawn("g", { class: `c${series.color}`, "data-series": series.name });
    if (series.low) {
      const up = series.x.map((x, i) => `${this.px(x).toFixed(1)} ${this.py(series.high[i]).toFixed(1)}`);
      const down = series.x.map((x, i) => `${this.px(x).toFixed(1)} ${this.py(series.low[i]).toFixed(1)}`).reverse();
      group.append(drawn("path", { d: `M${up.concat(down).join("L")}Z`, class: "band" }));
    }
    if (series.line !== false) {
      let path = "", pen = "M";
      series.x.forEach((x, i) => {
        if (series.y[i] === null) { pen = "M"; return; }
        path += `${pen}${this.px(x).toFixed(1)} ${this.py(series.y[i]).toFixed(1)}`;
        pen = "L";
      });
      group.append(drawn("path", { d: path, class: series.listed === false ? (series.color === "ink" ? "axis" : "tie") : "curve", "stroke-dasharray": DASHES[series.dash || 0] }));
    }
    if (series.marker) {
      series.x.forEach((x, i) => {
        if (series.y[i] === null) return;
        group.append(drawn("path", { d: markPath(series.marker, this.px(x), this.py(series.y[i]), 4.5), class: `mark${series.filled === false ? "" : " filled"}` }));
      });
    }
    return group;
  }

  // names beside points, each where it covers no other name, no point and no axis; none where there is no room
  names() {
    const taken = [];
    const meets = (a) => taken.some((b) => a.l < b.r && b.l < a.r && a.t < b.b && b.t < a.b);
    const lines = this.data.series.filter((series) => series.shown && series.line !== false);
    const crossed = (a) => lines.some((series) => series.x.some((x, i) => {
      if (i === 0 || series.y[i] === null || series.y[i - 1] === null) return false;
      const from = [this.px(series.x[i - 1]), this.py(series.y[i - 1])], to = [this.px(x), this.py(series.y[i])];
      return [...Array(41).keys()].some((n) => {
        const at = [0, 1].map((k) => from[k] + (n / 40) * (to[k] - from[k]));
        return at[0] > a.l && at[0] < a.r && at[1] > a.t && at[1] < a.b;
      });
    }));
    const points = this.data.series.filter((series) => series.shown && series.marker);
    for (const series of points) series.x.forEach((x, i) => taken.push({ l: this.px(x) - 5, r: this.px(x) + 5, t: this.py(series.y[i]) - 5, b: this.py(series.y[i]) + 5 }));
    for (const series of points) {
      (series.written || []).forEach((name, i) => {
        const x = this.px(series.x[i]), y = this.py(series.y[i]), w = 7.4 * name.length + 4, h = 15;
        if (x < this.box.left - 1 || x > this.box.left + this.box.width + 1) return;
        const spots = [[0, 21], [0.6, 16], [-0.6, 16], [0.68, 5], [-0.68, 5], [0, 34], [0, -10], [0.62, -8], [-0.62, -8]].map(([dx, dy]) => (
          { x: x + dx * w, y: y + dy, l: x + dx * w - w / 2, r: x + dx * w + w / 2, t: y + dy - h + 3, b: y + dy + 3 }));
        const free = spots.filter((a) => a.l >= this.box.left + 2 && a.r <= this.box.left + this.box.width - 2 && a.b <= this.box.top + this.box.height - 2 && a.t >= this.box.top && !meets(a));
        const spot = free.find((a) => !crossed(a)) || free[0];
        if (!spot) return;
        taken.push(spot);
        this.svg.append(drawn("text", { x: spot.x, y: spot.y, "text-anchor": "middle", class: "halo" }, name));
      });
    }
  }

  nearest(place) {
    let best = null, least = HIT ** 2;
    for (const series of this.listed) {
      if (!series.shown) continue;
      series.x.forEach((x, i) => {
        if (series.y[i] === null) return;
        const far = (this.px(x) - place.left) ** 2 + (this.py(series.y[i]) - place.top) ** 2;
        if (far < least) { least = far; best = { series, i }; }
      });
    }
    return best;
  }

  words({ series, i }) {
    if (series.said) return `${series.said[i]}`;
    const band = series.low ? ` (${numberText(series.low[i])} to ${numberText(series.high[i])})` : "";
    return `${series.name}: ${this.data.y} ${numberText(series.y[i])}${band} at ${this.data.x} ${numberText(series.x[i])}`;
  }

  show(at, aloud) {
    this.at = at;
    const x = this.px(at.series.x[at.i]), y = this.py(at.series.y[at.i]), scale = this.svg.getBoundingClientRect().width / this.width || 1;
    this.pointer.replaceChildren(drawn("circle", { cx: x, cy: y, r: 8, class: "here" }));
    this.tip.textContent = this.words(at);
    this.tip.hidden = false;
    const room = this.plot.clientWidth - this.tip.offsetWidth;
    this.tip.style.left = `${Math.max(0, Math.min(room, x * scale + 14))}px`;
    const above = y * scale - this.tip.offsetHeight - 12;
    this.tip.style.top = `${above > 0 ? above : y * scale + 16}px`;
    if (aloud) this.readout.textContent = this.words(at);
  }

  forget() {
    this.at = null;
    this.tip.hidden = true;
    if (this.pointer) this.pointer.replaceChildren();
  }

  step(along, across) {
    const shown = this.listed.filter((series) => series.shown && series.y.some((y) => y !== null));
    if (!shown.length) return;
    let { series, i } = this.at || { series: shown[0], i: -1 };
    if (across) {
      const x = this.at ? series.x[i] : series.x[0];
      series = shown[(shown.indexOf(series) + across + shown.length) % shown.length];
      i = series.x.reduce((best, other, n) => (Math.abs(other - x) < Math.abs(series.x[best] - x) ? n : best), 0);
    } else {
      i = Math.max(0, Math.min(series.x.length - 1, i + along));
    }
    if (series.y[i] === null) i = series.y.findIndex((y) => y !== null);
    this.show({ series, i }, true);
  }

  listen() {
    let start = null, box = null;
    this.plot.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.plot.focus({ preventScroll: true });
      if (event.pointerType !== "touch") event.preventDefault();
      start = { ...this.place(event), view: this.view, moving: event.shiftKey, touch: event.pointerType === "touch" };
      if (!start.touch) this.plot.setPointerCapture(event.pointerId);
    });
    this.plot.addEventListener("pointermove", (event) => {
      const here = this.place(event);
      if (start && !start.touch) {
        if (start.moving) {
          const v = start.view, dx = ((here.left - start.left) / this.box.width) * (v.x1 - v.x0), dy = ((here.top - start.top) / this.box.height) * (v.y1 - v.y0);
          this.view = { x0: v.x0 - dx, x1: v.x1 - dx, y0: v.y0 + dy, y1: v.y1 + dy };
          this.draw();
        } else if (Math.hypot(here.left - start.left, here.top - start.top) > 5) {
          box = { x: Math.min(start.left, here.left), y: Math.min(start.top, here.top), width: Math.abs(here.left - start.left), height: Math.abs(here.top - start.top) };
          this.forget();
          this.pointer.replaceChildren(drawn("rect", { ...box, class: "box" }));
        }
        return;
      }
      const near = this.nearest(here);
      if (near) this.show(near); else this.forget();
    });
    this.plot.addEventListener("pointerup", (event) => {
      const begun = start;
      start = null;
      if (box && box.width > 8 && box.height > 8) {
        const end = this.place(event);
        this.view = { x0: Math.min(begun.x, end.x), x1: Math.max(begun.x, end.x), y0: Math.min(begun.y, end.y), y1: Math.max(begun.y, end.y) };
        box = null;
        this.draw();
        return;
      }
      box = null;
      const near = this.nearest(this.place(event));
      if (near) this.show(near, true); else this.forget();
    });
    this.plot.addEventListener("pointercancel", () => { start = null; box = null; });
    this.plot.addEventListener("pointerleave", () => { if (!start) this.forget(); });
    this.plot.addEventListener("wheel", (event) => {
      // a page that scrolls past a figure must not be caught by it
      if (document.activeElement !== this.plot && !event.ctrlKey) return;
      event.preventDefault();
      this.zoom(Math.exp(Math.sign(event.deltaY) * 0.2), this.place(event));
    }, { passive: false });
    const keys = {
      ArrowRight: () => this.step(1, 0), ArrowLeft: () => this.step(-1, 0), ArrowDown: () => this.step(0, 1), ArrowUp: () => this.step(0, -1),
      "+": () => this.zoom(0.7), "=": () => this.zoom(0.7), "-": () => this.zoom(1 / 0.7), 0: () => this.reset(), Escape: () => this.forget(),
    };
    this.plot.addEventListener("keydown", (event) => {
      if (!Object.hasOwn(keys, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
  }
}
