// What can be turned: a canvas with buttons, mouse and keys, and three axes in its corner.
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

class TurningFigure {
  // `things` are chosen from by name; a subclass sets `axes` (names and vectors) and `radius` when it shows one
  constructor(figure, data, things, described) {
    this.figure = figure;
    this.data = data;
    this.things = things;
    this.build(described);
    this.choose(0);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    matchMedia("print").addEventListener("change", () => this.draw());
  }

  build(described) {
    const controls = made("div", { class: "controls" });
    const name = this.figure.getAttribute("aria-labelledby");
    if (this.things.length > 1) {
      this.select = made("select", { id: `${name}-shown` }, ...this.things.map((thing, i) => made("option", { value: String(i) }, thing.name)));
      this.select.addEventListener("change", () => this.choose(Number(this.select.value)));
      controls.append(made("label", { for: `${name}-shown` }, "Show "), this.select);
    }
    const button = (label, act, said) => {
      const node = made("button", { type: "button", "aria-label": said || label }, label);
      node.addEventListener("click", act);
      controls.append(node);
    };
    this.axisNames().forEach((axis, n) => button(`Along ${axis}`, () => this.along(n), `Look along ${axis}`));
    button("+", () => this.magnify(1.25), "Larger");
    button("\u2212", () => this.magnify(0.8), "Smaller");
    button("Reset view", () => this.reset());
    this.canvas = made("canvas", { tabindex: "0", role: "application", "aria-roledescription": described, "aria-describedby": `${name}-hint` });
    this.legend = made("ul", { class: "elements" });
    this.figure.append(controls, this.canvas, this.legend, ...this.below(),
      made("p", { class: "hint", id: `${name}-hint` }, "Drag or use the arrow keys to turn, plus and minus to magnify, 0 to reset; the wheel magnifies once the figure is clicked."));
    this.listen();
  }

  axisNames() { return this.things[0].axes.names; }

  below() { return []; }

  reset() {
    // normals of interfaces and c axes point up
    const [a, b, c] = this.axes.vectors, up = unit(cross(a, b));
    const right = unit(a), upward = Math.abs(up[0] * c[0] + up[1] * c[1] + up[2] * c[2]) > 1e-9 ? up : unit(c);
    this.rotation = times(turned("x", 0.22), times(turned("y", -0.38), [right, upward, unit(cross(right, upward))]));
    this.scale = 1;
    this.draw();
  }

  along(n) {
    const towards = unit(this.axes.vectors[n]), other = this.axes.vectors[(n + 2) % 3];
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

  // a clean canvas, its colours, and pixels of a place seen from the front
  sheet() {
    const canvas = this.canvas, width = Math.max(200, canvas.clientWidth), height = Math.round(Math.min(480, width * 0.75));
    const dense = Math.max(1, window.devicePixelRatio || 1);
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
    canvas.dataset.view = this.rotation.flat().map((x) => x.toFixed(4)).join(" ") + ` ${this.scale.toFixed(3)}`;
    const pen = canvas.getContext("2d"), styles = getComputedStyle(canvas);
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, width, height);
    // the sphere around what is shown fits, so that nothing jumps while it turns
    const per = (Math.min(width, height) / (2.04 * this.radius)) * this.scale;
    const at = (p) => [width / 2 + p[0] * per, height / 2 - p[1] * per];
    return { pen, per, at, height, styles, ink: styles.color, paper: styles.getPropertyValue("--panel").trim() || "#fff" };
  }

  drawAxes(pen, height, ink) {
    pen.font = "italic 14px Georgia, serif";
    pen.fillStyle = ink;
    pen.strokeStyle = ink;
    pen.lineWidth = 1.6;
    this.axes.vectors.forEach((vector, n) => {
      const d = unit(vector), p = this.rotation.map((row) => row[0] * d[0] + row[1] * d[1] + row[2] * d[2]);
      const x = 40 + 26 * p[0], y = height - 40 - 26 * p[1];
      pen.beginPath();
      pen.moveTo(40, height - 40);
      pen.lineTo(x, y);
      pen.stroke();
      if (Math.hypot(p[0], p[1]) > 0.25) pen.fillText(this.axes.names[n], 40 + 36 * p[0] - 4, height - 36 - 36 * p[1]);
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
