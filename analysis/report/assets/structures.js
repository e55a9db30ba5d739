// Atoms in their cell, seen from far away: spheres and edges, sorted by depth. Drag or arrow keys turn them.
const SIZE = 0.55; // of a drawn sphere, relative to the radius of its element
const PIECES = 24; // of an edge of the cell; those inside atoms are not drawn
const TURN = Math.PI / 18;

function times(a, b) {
  return a.map((row) => [0, 1, 2].map((j) => row[0] * b[0][j] + row[1] * b[1][j] + row[2] * b[2][j]));
}

function turned(axis, angle) {
  const c = Math.cos(angle), s = Math.sin(angle);
  return axis === "x" ? [[1, 0, 0], [0, c, -s], [0, s, c]] : [[c, 0, s], [0, 1, 0], [-s, 0, c]];
}

function unit(v) {
  const n = Math.hypot(...v) || 1;
  return v.map((x) => x / n);
}

function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

class StructureFigure {
  constructor(figure) {
    this.figure = figure;
    const data = readData(figure);
    this.elements = data.elements;
    this.crystals = data.crystals.map((crystal) => {
      const symbols = Object.entries(crystal.counts).flatMap(([symbol, n]) => Array(n).fill(symbol));
      return { ...crystal, atoms: symbols.map((symbol, i) => ({ symbol, at: crystal.at.slice(3 * i, 3 * i + 3) })) };
    });
    this.build();
    this.choose(0);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    matchMedia("print").addEventListener("change", () => this.draw());
  }

  build() {
    const controls = made("div", { class: "controls" });
    const name = this.figure.getAttribute("aria-labelledby");
    if (this.crystals.length > 1) {
      this.select = made("select", { id: `${name}-shown` }, ...this.crystals.map((crystal, i) => made("option", { value: String(i) }, crystal.name)));
      this.select.addEventListener("change", () => this.choose(Number(this.select.value)));
      controls.append(made("label", { for: `${name}-shown` }, "Show "), this.select);
    }
    const button = (label, act, said) => {
      const node = made("button", { type: "button", "aria-label": said || label }, label);
      node.addEventListener("click", act);
      controls.append(node);
    };
    ["a", "b", "c"].forEach((axis, n) => button(`Along ${axis}`, () => this.along(n), `Look along ${axis}`));
    button("+", () => this.magnify(1.25), "Larger");
    button("\u2212", () => this.magnify(0.8), "Smaller");
    button("Reset view", () => this.reset());
    this.canvas = made("canvas", { tabindex: "0", role: "application", "aria-roledescription": "structure that turns", "aria-describedby": `${name}-hint` });
    this.legend = made("ul", { class: "elements", "aria-label": "Elements" });
    this.figure.append(controls, this.canvas, this.legend, this.table(),
      made("p", { class: "hint", id: `${name}-hint` }, "Drag or use the arrow keys to turn, plus and minus to magnify, 0 to reset; the wheel magnifies once the figure is clicked."));
    this.listen();
  }

  table() {
    const details = made("details", {}, made("summary", {}, "Cell and atoms"));
    this.details = details;
    details.addEventListener("toggle", () => this.fill());
    return details;
  }

  fill() {
    if (!this.details.open) return;
    this.details.querySelectorAll(".table").forEach((old) => old.remove());
    const rows = [...this.crystal.cell.map((vector, n) => ["cell", "abc"[n], ...vector]), ...this.crystal.atoms.map((atom, n) => ["atom", `${n + 1} ${atom.symbol}`, ...atom.at])];
    const body = made("tbody", {}, ...rows.map((row) => made("tr", {}, ...row.map((cell, n) => made("td", n > 1 ? { class: "number" } : {}, n > 1 ? cell.toFixed(3) : cell)))));
    const heads = ["what", "which", "x / \u00c5", "y / \u00c5", "z / \u00c5"];
    const table = made("table", {}, made("caption", {}, this.crystal.name), made("thead", {}, made("tr", {}, ...heads.map((head) => made("th", { scope: "col" }, head)))), body);
    this.details.append(made("div", { class: "table" }, made("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": `Cell and atoms of ${this.crystal.name}` }, table)));
    enhanceTable(table);
  }

  choose(n) {
    this.crystal = this.crystals[n];
    const { cell, counts } = this.crystal;
    const corners = [];
    for (let i = 0; i < 8; i += 1) corners.push([0, 1, 2].map((k) => [0, 1, 2].reduce((sum, v) => sum + ((i >> v) & 1) * cell[v][k], 0)));
    this.corners = corners;
    this.middle = [0, 1, 2].map((k) => corners.reduce((sum, corner) => sum + corner[k], 0) / 8);
    const reach = (at) => Math.hypot(at[0] - this.middle[0], at[1] - this.middle[1], at[2] - this.middle[2]);
    this.radius = Math.max(...corners.map(reach), ...this.crystal.atoms.map((atom) => reach(atom.at) + 1));
    const lengths = cell.map((vector) => Math.hypot(...vector).toFixed(2)).join(", ");
    const told = Object.entries(counts).map(([symbol, count]) => `${count} ${symbol}`).join(", ");
    this.canvas.setAttribute("aria-label", `${this.crystal.name}: ${told} drawn in a cell of ${lengths} \u00c5.`);
    this.legend.replaceChildren(...Object.keys(counts).map((symbol) => {
      const dot = drawn("svg", { width: 14, height: 14, "aria-hidden": "true" }, drawn("circle", { cx: 7, cy: 7, r: 6, fill: this.elements[symbol][0], stroke: "#555" }));
      return made("li", {}, dot, symbol);
    }));
    this.reset();
    this.fill();
  }

  reset() {
    // normals of interfaces and c axes point up
    const [a, , c] = this.crystal.cell, up = unit(cross(this.crystal.cell[0], this.crystal.cell[1]));
    const right = unit(a), upward = Math.abs(up[0] * c[0] + up[1] * c[1] + up[2] * c[2]) > 1e-9 ? up : unit(c);
    this.rotation = times(turned("x", 0.22), times(turned("y", -0.38), [right, upward, unit(cross(right, upward))]));
    this.scale = 1;
    this.draw();
  }

  along(n) {
    const towards = unit(this.crystal.cell[n]), other = this.crystal.cell[(n + 2) % 3];
    const upward = unit(cross(cross(towards, other), towards));
    this.rotation = [unit(cross(upward, towards)), upward, towards];
    this.draw();
  }

  magnify(factor) {
    this.scale = Math.max(0.4, Math.min(8, this.scale * factor));
    this.draw();
  }

  turn(across, upward) {
    this.rotation = times(turned("x", upward), times(turned("y", across), this.rotation));
    this.draw();
  }

  seen(at) {
    const d = at.map((x, k) => x - this.middle[k]);
    return this.rotation.map((row) => row[0] * d[0] + row[1] * d[1] + row[2] * d[2]);
  }

  draw() {
    const canvas = this.canvas, width = Math.max(200, canvas.clientWidth), height = Math.round(Math.min(480, width * 0.75));
    const dense = Math.max(1, window.devicePixelRatio || 1);
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
    canvas.dataset.view = this.rotation.flat().map((x) => x.toFixed(4)).join(" ") + ` ${this.scale.toFixed(3)}`;
    const pen = canvas.getContext("2d"), styles = getComputedStyle(canvas);
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, width, height);
    // pixels per Å: the sphere around the cell fits, so that nothing jumps while it turns
    const per = (Math.min(width, height) / (2.04 * this.radius)) * this.scale;
    const at = (p) => [width / 2 + p[0] * per, height / 2 - p[1] * per];
    const balls = this.crystal.atoms.map((atom) => ({ p: this.seen(atom.at), look: this.elements[atom.symbol] }));
    const parts = balls.map((ball) => ({ depth: ball.p[2], ...ball }));
    for (let i = 0; i < 8; i += 1) {
      for (let v = 0; v < 3; v += 1) {
        if ((i >> v) & 1) continue;
        const from = this.seen(this.corners[i]), to = this.seen(this.corners[i | (1 << v)]);
        for (let n = 0; n < PIECES; n += 1) {
          const ends = [n / PIECES, (n + 1) / PIECES].map((t) => from.map((x, k) => x + t * (to[k] - x)));
          const middle = ends[0].map((x, k) => (x + ends[1][k]) / 2);
          if (!balls.some((ball) => Math.hypot(...ball.p.map((x, k) => x - middle[k])) < SIZE * ball.look[1])) parts.push({ depth: middle[2], ends });
        }
      }
    }
    parts.sort((one, other) => one.depth - other.depth);
    const ink = styles.color, paper = styles.getPropertyValue("--panel").trim() || "#fff";
    for (const part of parts) {
      const fade = Math.max(0, Math.min(0.45, 0.22 - (0.23 * part.depth) / this.radius));
      if (part.ends) {
        pen.globalAlpha = 1 - fade;
        pen.strokeStyle = ink;
        pen.lineWidth = 1.2;
        pen.beginPath();
        pen.moveTo(...at(part.ends[0]));
        pen.lineTo(...at(part.ends[1]));
        pen.stroke();
        continue;
      }
      const [x, y] = at(part.p), r = SIZE * part.look[1] * per;
      pen.globalAlpha = 1;
      const shade = pen.createRadialGradient(x - 0.35 * r, y - 0.4 * r, 0.1 * r, x, y, r);
      shade.addColorStop(0, "#ffffff");
      shade.addColorStop(0.35, part.look[0]);
      shade.addColorStop(1, part.look[0]);
      pen.fillStyle = shade;
      pen.beginPath();
      pen.arc(x, y, r, 0, 2 * Math.PI);
      pen.fill();
      pen.globalAlpha = fade;
      pen.fillStyle = paper;
      pen.fill();
      pen.globalAlpha = 1;
      pen.strokeStyle = "#333";
      pen.lineWidth = 0.7;
      pen.stroke();
    }
    pen.globalAlpha = 1;
    this.axes(pen, height, ink);
  }

  axes(pen, height, ink) {
    pen.font = "italic 14px Georgia, serif";
    pen.fillStyle = ink;
    pen.strokeStyle = ink;
    pen.lineWidth = 1.6;
    this.crystal.cell.forEach((vector, n) => {
      const d = unit(vector), p = this.rotation.map((row) => row[0] * d[0] + row[1] * d[1] + row[2] * d[2]);
      const x = 40 + 26 * p[0], y = height - 40 - 26 * p[1];
      pen.beginPath();
      pen.moveTo(40, height - 40);
      pen.lineTo(x, y);
      pen.stroke();
      if (Math.hypot(p[0], p[1]) > 0.25) pen.fillText("abc"[n], 40 + 36 * p[0] - 4, height - 36 - 36 * p[1]);
    });
  }

  listen() {
    let last = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      last = event;
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!last) return;
      this.turn((event.clientX - last.clientX) * 0.01, (event.clientY - last.clientY) * 0.01);
      last = event;
    });
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => { last = null; });
    this.canvas.addEventListener("wheel", (event) => {
      if (document.activeElement !== this.canvas && !event.ctrlKey) return;
      event.preventDefault();
      this.magnify(Math.exp(-Math.sign(event.deltaY) * 0.12));
    }, { passive: false });
    const keys = {
      ArrowLeft: () => this.turn(-TURN, 0), ArrowRight: () => this.turn(TURN, 0), ArrowUp: () => this.turn(0, -TURN), ArrowDown: () => this.turn(0, TURN),
      "+": () => this.magnify(1.25), "=": () => this.magnify(1.25), "-": () => this.magnify(0.8), 0: () => this.reset(),
    };
    this.canvas.addEventListener("keydown", (event) => {
      if (!Object.hasOwn(keys, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
  }
}
